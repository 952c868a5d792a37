"""The table of a shop's processes: what each is called, runs, reads and waits for."""

from collections.abc import Mapping

from shopsite_local import facts, fingerprint, servers
from shopsite_local.checkouts import checkout_of, python
from shopsite_local.keys import secret, service_keys
from shopsite_local.layout import LINKS, ROOT, SERVICES, Instance, run_of, state_of
from shopsite_local.parts import Part, Stage, http_ready
from shopsite_local.settings import Settings, read_file

CALLERS = (*SERVICES, "authz", "portal")  # each has its own key for calls between services
TRAEFIK_FOLDER = ROOT / "gateway" / "traefik"
SERVER_OF = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "rabbitmq": "AMQP_URL"}
SERVERS = (*SERVER_OF, "network")  # what is not a part of this shop is not waited for
OF_THE_SHOP = (
    "SHOPSITE_ENV", "DEBUG", "LOG_LEVEL", "SHOP_NAME", "SHOP_CURRENCY", "PUBLIC_URL", "ALLOWED_HOSTS", "CORS_ORIGINS",
    "TRUSTED_PROXIES", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG",
    "ORDER_PAYMENT_TIMEOUT_SECONDS", "PAYMENT_RECONCILE_SECONDS",
    "SHOPSITE_RATE_LIMIT_ANONYMOUS", "SHOPSITE_RATE_LIMIT_CUSTOMER", "SHOPSITE_RATE_LIMIT_STAFF",
    "SHOPSITE_RATE_LIMIT_LOGIN",
)  # fmt: skip

Environment = dict[str, str]


def parts_of(instance: Instance, settings: Settings) -> list[Part]:
    """All parts, in the order of `make ps`."""
    if instance.kind == "servers":
        return servers.server_parts(instance)
    table = Table(instance, settings)
    return [
        *table.servers(),
        *table.network(),
        *table.tasks(),
        *(table.service(service, role) for role in ("api", "worker") for service in SERVICES),
        table.gate("authz"),
        table.gate("portal"),
        *table.simulators(),
        table.traefik(),
    ]


class Table:
    """Rows of one instance under one set of settings."""

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self._at = instance
        self._seen = instance.seen_by_processes()
        self._settings = settings
        self._databases = facts.databases(self._seen, settings)
        self._private, self._public = service_keys(instance.home, CALLERS)
        self._set_up = fingerprint.is_new(instance, settings)

    def servers(self) -> list[Part]:
        """The private servers, except those that the settings replace by others."""
        parts = servers.server_parts(self._at)
        return [part for part in parts if not self._settings.has(SERVER_OF[part.name])]

    def network(self) -> list[Part]:
        """A test shop's proxies, through which its processes reach the servers, the simulators and each other."""
        if not self._at.has_links:
            return []
        links = ",".join(f"{name}={self._seen.port(name)}:{self._at.port(name)}" for name in LINKS)
        return [self._simulator("network", "network", {"LINKS": links})]

    def tasks(self) -> list[Part]:
        """What runs to its end: the schemas and queues of each service, the first admin, the sample catalog."""
        if not self._set_up:
            return []
        owner = {"DATABASE_URL": self._databases["DATABASE_URL"]}
        admin = {name: self._settings[name] for name in ("SHOPSITE_ADMIN_EMAIL", "SHOPSITE_ADMIN_PASSWORD")}
        pictures = ("catalog-api", "cloudinary-simulator")
        seed = self._task("seed-products", "catalog", ("manage", "seed-products"), {}, pictures)
        return [
            *(self._task(f"migrate-{name}", name, ("migrate",), owner, SERVERS) for name in SERVICES),
            self._task("create-admin", "identity", ("manage", "create-admin"), admin, ("migrate-identity",)),
            *([] if self._at.kind in {"chaos", "bench"} else [seed]),
        ]

    def service(self, service: str, role: str) -> Part:
        """The API or the worker of a service; all queues are declared before the first one speaks."""
        name = f"{service}-{role}"
        migrated = tuple(f"migrate-{each}" for each in SERVICES)
        return Part(
            name=name,
            argv=python(f"shopsite_{service}", role, checkout=checkout_of(service)),
            env=self._service_environment(service) | self._sockets(name),
            cwd=checkout_of(service),
            after=migrated if self._set_up else ("postgres", "redis", "network"),
            ready=http_ready(self._at.port(name), "/health/ready"),
            stage=Stage.APIS if role == "api" else Stage.WORKERS,
            grace=25.0,
        )

    def gate(self, name: str) -> Part:
        """`authz` or `portal`, which have no database."""
        env = self._common(name) | facts.brokers(self._seen, self._settings) | self._sockets(name)
        return Part(
            name=name,
            argv=python(f"shopsite_{name}", checkout=checkout_of(name)),
            env=env | (self._secret_key() | self._simulators_pages() if name == "portal" else {}),
            cwd=checkout_of(name),
            ready=http_ready(self._at.port(name), "/health/ready"),
        )

    def _simulators_pages(self) -> Environment:
        """What the landing page links; of a simulator that a real one replaces, nothing."""
        pages = {
            "MAIL_URL": ("mail", "EMAIL_HOST"),
            "PAYSTACK_SIMULATOR_URL": ("paystack-simulator", "PAYSTACK_SECRET_KEY"),
            "CLOUDINARY_SIMULATOR_URL": ("cloudinary-simulator", "CLOUDINARY_URL"),
        }
        return {
            name: f"http://localhost:{self._at.port(part)}"
            for name, (part, real) in pages.items()
            if not self._settings.has(real)
        }

    def simulators(self) -> list[Part]:
        """The outside world; they run even when the settings name the real one."""
        paystack = {
            "PAYSTACK_SECRET_KEY": facts.paystack_key(self._at),
            "PAYSTACK_WEBHOOK_URL": f"http://localhost:{self._at.port('gateway')}/api/payment/webhook/",
        }
        return [
            self._simulator("paystack-simulator", "paystack", paystack),
            self._simulator("cloudinary-simulator", "cloudinary", facts.cloudinary_account(self._at)),
            self._simulator("mail", "mail", {"SMTP_PORT": str(self._at.port("smtp"))}),
        ]

    def traefik(self) -> Part:
        """The gateway, with the same files as everywhere; addresses and templates' words by environment."""
        home = run_of(self._at.home) / "traefik"  # Traefik prefers a configuration file of the folder it starts in
        home.mkdir(parents=True, exist_ok=True)
        return Part(
            name="traefik",
            argv=(str(ROOT / ".venv" / "bin" / "traefik"),),
            env={**self._traefik_environment(), "HOME": str(home), "XDG_CONFIG_HOME": str(home)},
            cwd=home,
            ready=http_ready(self._at.port("traefik-internal"), "/ready"),
            stage=Stage.GATEWAY,
            grace=25.0,
        )

    def _traefik_environment(self) -> Environment:
        web = self._settings["SHOPSITE_GATEWAY_ADDR"] or f":{self._at.port('gateway')}"
        addresses = {
            "WEB": web,
            "INTERNAL": f"127.0.0.1:{self._at.port('traefik-internal')}",
            "AUTHZ": f"127.0.0.1:{self._at.port('traefik-authz')}",
        }
        proxies = self._settings["TRUSTED_PROXIES"]
        return {
            **self._common("traefik"),
            **{f"{service.upper()}_URL": self._at.url(f"{service}-api") for service in SERVICES},
            "SHOPSITE_GATEWAY_ADDR": web,
            **read_file(TRAEFIK_FOLDER / "static.env"),
            **{f"TRAEFIK_ENTRYPOINTS_{name}_ADDRESS": address for name, address in addresses.items()},
            **({"TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS": proxies} if proxies else {}),
            "TRAEFIK_PROVIDERS_FILE_DIRECTORY": str(TRAEFIK_FOLDER / "dynamic"),
            **self._traefik_traces(),
        }

    def _traefik_traces(self) -> Environment:
        if not (endpoint := self._settings["OTEL_EXPORTER_OTLP_ENDPOINT"]):
            return {}
        return {
            "TRAEFIK_TRACING_SAMPLERATE": self._settings["OTEL_TRACES_SAMPLER_ARG"],
            "TRAEFIK_TRACING_OTLP_HTTP_ENDPOINT": f"{endpoint.rstrip('/')}/v1/traces",
        }

    def _task(
        self, name: str, service: str, words: tuple[str, ...], more: Mapping[str, str], after: tuple[str, ...]
    ) -> Part:
        return Part(
            name=name,
            argv=python(f"shopsite_{service}", *words, checkout=checkout_of(service)),
            env={**self._service_environment(service), **more},
            cwd=checkout_of(service),
            after=after,
            once=True,
            slot="tasks",
        )

    def _simulator(self, name: str, module: str, more: Mapping[str, str]) -> Part:
        url = f"http://localhost:{self._at.port(name)}"
        return Part(
            name=name,
            argv=python(f"shopsite_local.{module}"),
            env={**self._common(name), "PORT": str(self._at.port(name)), "PUBLIC_BASE_URL": url, **more},
            cwd=ROOT,
            ready=http_ready(self._at.port(name), "/health/ready"),
        )

    def _service_environment(self, service: str) -> Environment:
        """What a service may know: its own database role, and of the outside only what is its own to talk to."""
        own = f"DATABASE_URL_{service.upper()}"
        outside = {
            "identity": self._secret_key,
            "payments": lambda: facts.paystack(self._seen, self._settings),
            "catalog": lambda: facts.cloudinary(self._seen, self._settings),
            "notifications": self._mail,
        }
        return {
            **self._common(service),
            **facts.brokers(self._seen, self._settings),
            own: self._databases[own],
            **(outside[service]() if service in outside else {}),
        }

    def _common(self, name: str) -> Environment:
        """What every process knows: the shop, its neighbours, its own key and folder."""
        state = state_of(self._at.home, name)
        state.mkdir(parents=True, exist_ok=True)
        key = {"SERVICE_KEY_FILE": str(self._private / f"{name}.pem")} if name in CALLERS else {}
        return {
            **self._settings.rest,
            **{name: value for name in OF_THE_SHOP if (value := self._settings[name])},
            **{f"{service.upper()}_URL": self._seen.url(f"{service}-api") for service in SERVICES},
            "AUTHZ_URL": self._at.url("authz"),
            "PORTAL_URL": self._at.url("portal"),
            "SHOPSITE_URL": f"http://localhost:{self._at.port('gateway')}",
            "BIND_HOST": "127.0.0.1",
            "STATE_DIR": str(state),
            "SERVICE_PUBLIC_KEYS_DIR": str(self._public),
            **key,
        }

    def _sockets(self, name: str) -> Environment:
        return {"PORT": str(self._at.port(name)), "METRICS_PORT": str(self._at.port(f"{name}-metrics"))}

    def _secret_key(self) -> Environment:
        return {"SECRET_KEY": self._settings["SECRET_KEY"] or secret(self._at.home, "secret-key")}

    def _mail(self) -> Environment:
        names = ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_FROM")
        return facts.email(self._seen, self._settings) | {name: self._settings[name] for name in names}
