"""The settings of a shop: what the environment and `.env` give, and what stands where they give nothing."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from shopsite_local.layout import ROOT, SERVICES, Instance
from shopsite_local.problems import RunnerError

LOWEST_BASE, HIGHEST_BASE = 1024, 65000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OWN_PAYSTACK_PREFIX = "sk_test_shopsite"  # of the simulator's generated key; a real one goes on with letters and digits

# The settings that a person may give and their defaults; an empty one means "the runner's own". `.env.example` lists
# the same names with what each is for.
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "SHOPSITE_PORT_BASE": "8000",
        "SHOPSITE_GATEWAY_ADDR": "",
        "SHOPSITE_ENV": "development",
        "DEBUG": "false",
        "LOG_LEVEL": "INFO",
        "SECRET_KEY": "",
        "SHOP_NAME": "ShopSite",
        "SHOP_CURRENCY": "NGN",
        "PUBLIC_URL": "",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "CORS_ORIGINS": "",
        "TRUSTED_PROXIES": "",
        "SHOPSITE_ADMIN_EMAIL": "admin@shopsite.example",
        "SHOPSITE_ADMIN_PASSWORD": "shopsite-admin-dev",
        "DATABASE_URL": "",
        **{f"DATABASE_URL_{service.upper()}": "" for service in SERVICES},
        "AMQP_URL": "",
        "REDIS_URL": "",
        "PAYSTACK_SECRET_KEY": "",
        "PAYSTACK_BASE_URL": "",
        "PAYSTACK_CHECKOUT_HOSTS": "",
        "CLOUDINARY_URL": "",
        "EMAIL_HOST": "",
        "EMAIL_PORT": "",
        "EMAIL_USE_TLS": "",
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_FROM": "ShopSite <no-reply@shopsite.example>",
        "ORDER_PAYMENT_TIMEOUT_SECONDS": "1800",
        "PAYMENT_RECONCILE_SECONDS": "60",
        "SHOPSITE_RATE_LIMIT_ANONYMOUS": "100",
        "SHOPSITE_RATE_LIMIT_CUSTOMER": "1000",
        "SHOPSITE_RATE_LIMIT_STAFF": "5000",
        "SHOPSITE_RATE_LIMIT_LOGIN": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "",
        "OTEL_TRACES_SAMPLER_ARG": "1.0",
    }
)

# What is measured has no quotas, and is else the shop as it is delivered.
FOR_BENCH: Mapping[str, str] = MappingProxyType(
    {
        "SHOPSITE_RATE_LIMIT_ANONYMOUS": "0",
        "SHOPSITE_RATE_LIMIT_CUSTOMER": "0",
        "SHOPSITE_RATE_LIMIT_STAFF": "0",
        "SHOPSITE_RATE_LIMIT_LOGIN": "0",
    }
)
# A few customers place thousands of orders.
TERMS_OF_BENCH: Mapping[str, str] = MappingProxyType({"MAX_UNPAID_ORDERS": "1000000"})

# What `make test` gives its own shop; nothing of the machine's settings reaches that one.
FOR_TESTS: Mapping[str, str] = MappingProxyType(
    {
        **FOR_BENCH,
        "PAYMENT_RECONCILE_SECONDS": "5",
        # next to none: a test chooses an id low enough for its trace to be kept, and is the collector itself
        "OTEL_TRACES_SAMPLER_ARG": "0.000000001",
    }
)

# What else its processes read: terms that a test waits for are short.
TERMS_OF_TESTS: Mapping[str, str] = MappingProxyType({"RESERVATION_SECONDS": "20", "EMAIL_TIMEOUT_SECONDS": "3"})

# And those of chaos: whatever takes its time takes seconds, so that all of it happens within a run.
FOR_CHAOS: Mapping[str, str] = MappingProxyType({**FOR_TESTS, "ORDER_PAYMENT_TIMEOUT_SECONDS": "40"})
TERMS_OF_CHAOS: Mapping[str, str] = MappingProxyType(
    {**TERMS_OF_TESTS, "PAYMENT_HOLD_SECONDS": "15", "PAYSTACK_TIMEOUT_SECONDS": "4"}
)

# Of the caller's environment, what a test shop still needs to find programs, time and certificates.
NEUTRAL = frozenset({"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SHOPSITE_COVERAGE"})
# Of the caller's environment, what would make the processes behave otherwise than meant.
HARMFUL = frozenset({
    "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "VIRTUAL_ENV",
    "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PORT", "METRICS_PORT", "BIND_HOST", "SHOPSITE_RUNNER_DIR",
})  # fmt: skip


class Settings:
    """The given values over the defaults."""

    def __init__(self, given: Mapping[str, str], rest: Mapping[str, str]) -> None:
        """Takes what was given by name, and the rest of the environment that processes inherit."""
        self.given = {name: value for name, value in given.items() if value}
        self.rest = dict(rest)

    def __getitem__(self, name: str) -> str:
        """The value in force; empty where it is the runner's to choose."""
        return self.given.get(name) or DEFAULTS[name]

    def has(self, name: str) -> bool:
        """Whether a person chose the value."""
        return name in self.given


def for_instance(instance: Instance) -> Settings:
    """The settings of an instance: for a test shop the fixed ones, for others the environment over `.env`."""
    if instance.kind != "shop":
        inherited = {name: value for name, value in os.environ.items() if name in NEUTRAL}
        if instance.kind == "bench":
            return Settings(FOR_BENCH, {**TERMS_OF_BENCH, **inherited})
        if instance.kind == "chaos":
            return Settings(FOR_CHAOS, {**TERMS_OF_CHAOS, **inherited})
        fixed = {**FOR_TESTS, "OTEL_EXPORTER_OTLP_ENDPOINT": instance.url("traces")}
        return Settings(fixed, {**TERMS_OF_TESTS, **inherited})
    everything = {**{name: value for name, value in read_file(ROOT / ".env").items() if value}, **os.environ}
    given = {name: value for name, value in everything.items() if name in DEFAULTS}
    rest = {name: value for name, value in everything.items() if name not in DEFAULTS and name not in HARMFUL}
    return Settings(without_own(instance, given), rest)


def port_base() -> int:
    """The first port of the shop of this checkout.

    Raises:
        RunnerError: The setting is no number of a port, or too high for the row that is counted from it.
    """
    given = os.environ.get("SHOPSITE_PORT_BASE") or read_file(ROOT / ".env").get("SHOPSITE_PORT_BASE")
    base = given or DEFAULTS["SHOPSITE_PORT_BASE"]
    if not base.isdecimal() or not LOWEST_BASE <= int(base) <= HIGHEST_BASE:
        raise RunnerError(f"SHOPSITE_PORT_BASE is {base!r}: give a number from {LOWEST_BASE} to {HIGHEST_BASE}.")
    return int(base)


def read_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines; blank lines and comments pass, `export` before and quotes around are dropped."""
    if not path.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): unquoted(value.strip()) for name, _, value in pairs if name.strip()}


def unquoted(value: str) -> str:
    """Without one pair of quotes around, else without a comment behind."""
    if value[:1] in {"'", '"'} and value.endswith(value[:1]) and len(value) > 1:
        return value[1:-1]
    return value.partition(" #")[0].rstrip()


def without_own(instance: Instance, given: Mapping[str, str]) -> dict[str, str]:
    """Drops values that came out of this shop's own `make env` and now come back in.

    Someone who has typed `eval "$(make env)"` has our private addresses in the environment. Taken for a choice they
    would say "use another database than your own", and the shop would wait for a server that it no longer starts.
    """
    foreign = {name: value for name, value in given.items() if not _is_own(instance, name, value)}
    if given.get("EMAIL_HOST") in LOOPBACK and given.get("EMAIL_PORT") == str(instance.port("smtp")):
        foreign.pop("EMAIL_HOST"), foreign.pop("EMAIL_PORT")
    return foreign


def _is_own(instance: Instance, name: str, value: str) -> bool:
    if name.startswith("DATABASE_URL") or name in {"AMQP_URL", "REDIS_URL", "PAYSTACK_BASE_URL"}:
        return _points_into(instance, value)
    if name == "CLOUDINARY_URL":
        return f":{instance.port('cloudinary-simulator')}" in value
    return name == "PAYSTACK_SECRET_KEY" and value.startswith(OWN_PAYSTACK_PREFIX)


def _points_into(instance: Instance, url: str) -> bool:
    """Whether the address is one of this instance's own sockets."""
    parts = urlsplit(url)
    own = {instance.base + offset for offset in instance.offsets.values()}
    return parts.hostname in LOOPBACK and parts.port in own
