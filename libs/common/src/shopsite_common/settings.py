"""Settings: environment variables, read once at the start. ``ServiceSettings`` holds what every service needs.

The names are listed with their meaning in ``.env.example``. Production (``SHOPSITE_ENV=production``) refuses to start
on a value that is only right on a developer's machine, and says which.
"""

import hashlib
import hmac
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
_UNSAFE = ("change-me", "shopsite-admin-dev", "insecure", "guest:guest", "sk_test_")


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaList = Annotated[list[str], NoDecode, BeforeValidator(_split)]


def driver_url(url: str) -> str:
    """Return a PostgreSQL URL that names its driver.

    SQLAlchemy 2.1 reads a bare ``postgresql://`` as psycopg 3 and does not know ``postgres://`` at all.
    """
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg2://{rest}" if scheme in {"postgres", "postgresql"} else url


def derived_url(owner_url: str, service: str) -> str:
    """Return the URL with which ``service`` opens the owner's database as its own role.

    The role's password is an HMAC of the owner's, so one ``DATABASE_URL`` is enough to run all six services.
    """
    parts = urlsplit(owner_url)
    secret = (parts.password or "").encode()
    password = hmac.new(secret, f"role of {service}".encode(), hashlib.sha256).hexdigest()
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"shopsite_{service}:{quote(password)}@{host}"))


class CommonSettings(BaseSettings):
    """What every process reads, the gateway's parts included."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    shopsite_env: Literal["development", "production"] = "development"
    debug: bool = False
    log_level: str = "INFO"
    bind_host: str = Field(default="127.0.0.1", description="The address that the process listens on.")
    port: int = Field(default=8000, description="The port that it listens on.")
    metrics_port: int = Field(default=0, description="The port of its Prometheus figures; 0: none.")
    drain_seconds: float = Field(default=0.0, ge=0, le=60)
    public_url: str = ""
    shop_name: str = "ShopSite"
    shop_currency: str = Field(default="NGN", pattern="^[A-Z]{3}$")
    redis_url: str = "redis://localhost:6379"
    trusted_proxies: CommaList = []
    state_dir: Path = Field(default=Path(), description="A folder for what is kept over restarts; empty: nothing is.")
    service_key_file: Path = Field(default=Path("service.pem"), description="The private key of calls to others (PEM).")
    service_public_keys_dir: Path = Field(default=Path(), description="The callers' public keys, NAME.pem each.")
    identity_url: str = Field(default="http://localhost:8011", description="Where identity's API is, inside.")
    catalog_url: str = Field(default="http://localhost:8012", description="Where catalog's API is, inside.")
    cart_url: str = Field(default="http://localhost:8013", description="Where cart's API is, inside.")
    orders_url: str = Field(default="http://localhost:8014", description="Where orders' API is, inside.")
    payments_url: str = Field(default="http://localhost:8015", description="Where payments' API is, inside.")
    notifications_url: str = Field(default="http://localhost:8016", description="Where notifications' API is, inside.")
    otel_exporter_otlp_endpoint: str = ""
    otel_traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)

    @property
    def production(self) -> bool:
        """Tell whether this process serves real customers."""
        return self.shopsite_env == "production"

    def url_of(self, service: str) -> str:
        """Return the internal base URL of a service."""
        url: str = getattr(self, f"{service}_url")
        return url.split(",", maxsplit=1)[0].rstrip("/")

    @model_validator(mode="after")
    def _refuse_defaults_in_production(self) -> Self:
        if self.production and (unsafe := self.unsafe_settings()):
            raise ValueError(f"production refuses the development value of {', '.join(unsafe)}")
        return self

    def unsafe_settings(self) -> list[str]:
        """Return the names of settings whose value must not meet a real customer."""
        names = [name.upper() for name, value in self if isinstance(value, str) and _looks_unsafe(value)]
        return [*names, *(["DEBUG"] if self.debug else [])]


def _looks_unsafe(value: str) -> bool:
    return any(mark in value for mark in _UNSAFE)


class ServiceSettings(CommonSettings):
    """What each of the six services reads. A subclass names its service and adds its own settings."""

    service: ClassVar[str]

    database_url: str = ""
    own_database_url: str = Field(
        default="", description="The service's own role, from `DATABASE_URL_CART` and the like."
    )
    amqp_url: str = "amqp://guest:guest@localhost:5672/"
    db_pool_size: int = Field(default=8, ge=1, le=100)
    db_wait_seconds: float = 5.0
    max_requests_under_way: int = Field(default=100, ge=1)
    consumer_prefetch: int = Field(default=16, ge=1, le=1000)
    idempotency_hours: int = 24
    outbox_keep_hours: int = 24
    relay_database_url: str = Field(default="", validation_alias=AliasChoices("relay_database_url"))

    @model_validator(mode="before")
    @classmethod
    def _own_url(cls, values: Any) -> Any:
        own = os.environ.get(f"DATABASE_URL_{cls.service.upper()}")
        if own and isinstance(values, dict) and not values.get("own_database_url"):
            values["own_database_url"] = own
        return values

    def unsafe_settings(self) -> list[str]:
        """Return the names of settings whose value must not meet a real customer, as they stand in the environment."""
        variables = {"OWN_DATABASE_URL": f"DATABASE_URL_{self.service.upper()}"}
        return [variables.get(name, name) for name in super().unsafe_settings()]

    @cached_property
    def service_database_url(self) -> str:
        """Return the URL of this service's own role, with the driver named."""
        if self.own_database_url:
            return driver_url(self.own_database_url)
        if not self.database_url:
            raise ValueError(f"set DATABASE_URL_{self.service.upper()} or DATABASE_URL")
        return driver_url(derived_url(self.database_url, self.service))
