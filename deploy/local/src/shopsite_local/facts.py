"""What `make env` prints: the addresses and settings of one shop, for a shell and for tests."""

import shlex
from collections.abc import Mapping

from shopsite_common.settings import derived_url
from shopsite_local import servers
from shopsite_local.keys import secret
from shopsite_local.layout import SERVICES, Instance
from shopsite_local.settings import OWN_PAYSTACK_PREFIX, Settings

SHOWN = (
    "SHOPSITE_ENV",
    "SHOPSITE_ADMIN_EMAIL",
    "SHOPSITE_ADMIN_PASSWORD",
    "SHOPSITE_RATE_LIMIT_ANONYMOUS",
    "SHOPSITE_RATE_LIMIT_CUSTOMER",
    "SHOPSITE_RATE_LIMIT_STAFF",
    "SHOPSITE_RATE_LIMIT_LOGIN",
    "ORDER_PAYMENT_TIMEOUT_SECONDS",
    "PAYMENT_RECONCILE_SECONDS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
REAL_PAYSTACK = ("https://api.paystack.co", "checkout.paystack.com,paystack.com")


def of_shop(instance: Instance, settings: Settings) -> dict[str, str]:
    """All facts of a shop."""
    return {
        "SHOPSITE_PORT_BASE": str(instance.base),
        "SHOPSITE_URL": f"http://localhost:{instance.port('gateway')}",
        "PAYSTACK_SIMULATOR_URL": f"http://localhost:{instance.port('paystack-simulator')}",
        "MAIL_URL": f"http://localhost:{instance.port('mail')}",
        "CLOUDINARY_SIMULATOR_URL": f"http://localhost:{instance.port('cloudinary-simulator')}",
        **{name: settings[name] for name in SHOWN},
        **databases(instance, settings),
        **brokers(instance, settings),
        **paystack(instance, settings),
        **cloudinary(instance, settings),
        **email(instance, settings),
        "RABBITMQ_MANAGEMENT_URL": instance.url("rabbitmq-management"),
        **({"NETWORK_URL": instance.url("network")} if instance.has_links else {}),
        "SHOPSITE_RUNNER_DIR": str(instance.home),
    }


def databases(instance: Instance, settings: Settings) -> dict[str, str]:
    """The owner's URL and each service's own."""
    owner = settings["DATABASE_URL"] or servers.addresses(instance).database
    own = {name: f"DATABASE_URL_{name.upper()}" for name in SERVICES}
    return {
        "DATABASE_URL": owner,
        **{key: settings[key] or derived_url(owner, service) for service, key in own.items()},
    }


def brokers(instance: Instance, settings: Settings) -> dict[str, str]:
    """RabbitMQ and Redis."""
    private = servers.addresses(instance)
    return {"AMQP_URL": settings["AMQP_URL"] or private.amqp, "REDIS_URL": settings["REDIS_URL"] or private.redis}


def paystack(instance: Instance, settings: Settings) -> dict[str, str]:
    """Paystack itself when a key was given, else the simulator."""
    if settings.has("PAYSTACK_SECRET_KEY"):
        key, (base, hosts) = settings["PAYSTACK_SECRET_KEY"], REAL_PAYSTACK
    else:
        port = instance.port("paystack-simulator")
        key = paystack_key(instance)
        base, hosts = f"http://127.0.0.1:{port}", "localhost,127.0.0.1"
    return {
        "PAYSTACK_SECRET_KEY": key,
        "PAYSTACK_BASE_URL": settings["PAYSTACK_BASE_URL"] or base,
        "PAYSTACK_CHECKOUT_HOSTS": settings["PAYSTACK_CHECKOUT_HOSTS"] or hosts,
    }


def paystack_key(instance: Instance) -> str:
    """The simulator's secret key, in the form of a test key."""
    return secret(instance.home, "paystack", prefix=OWN_PAYSTACK_PREFIX)


def cloudinary(instance: Instance, settings: Settings) -> dict[str, str]:
    """Cloudinary itself when its URL was given, else the simulator."""
    account = cloudinary_account(instance)
    where = f"upload_prefix={instance.url('cloudinary-simulator')}&secure=true"
    simulated = f"cloudinary://{account['CLOUDINARY_API_KEY']}:{account['CLOUDINARY_API_SECRET']}@shopsite?{where}"
    return {"CLOUDINARY_URL": settings["CLOUDINARY_URL"] or simulated}


def cloudinary_account(instance: Instance) -> dict[str, str]:
    """The simulator's one account."""
    return {
        "CLOUDINARY_CLOUD_NAME": "shopsite",
        "CLOUDINARY_API_KEY": "123456789012345",
        "CLOUDINARY_API_SECRET": secret(instance.home, "cloudinary"),
    }


def email(instance: Instance, settings: Settings) -> dict[str, str]:
    """The mail server that was given, else the catcher."""
    if not settings.has("EMAIL_HOST"):
        return {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(instance.port("smtp")), "EMAIL_USE_TLS": "false"}
    return {
        "EMAIL_HOST": settings["EMAIL_HOST"],
        "EMAIL_PORT": settings["EMAIL_PORT"] or "587",
        **({"EMAIL_USE_TLS": settings["EMAIL_USE_TLS"]} if settings["EMAIL_USE_TLS"] else {}),
    }


def shell_lines(facts: Mapping[str, str]) -> str:
    """KEY=VALUE lines, quoted where a shell would read a value otherwise than it stands."""
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in facts.items())
