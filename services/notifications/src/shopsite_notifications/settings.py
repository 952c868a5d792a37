"""What notifications reads from the environment beside what every service reads."""

from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from typing import ClassVar

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from shopsite_common.settings import ServiceSettings

_IMPLICIT_TLS_PORT = 465
_SUBMISSION_PORT = 587


class Settings(ServiceSettings):
    """The mail server, the sender, and how the mails look."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    service: ClassVar[str] = "notifications"

    email_host: str = "localhost"
    email_port: int = Field(default=_SUBMISSION_PORT, ge=1, le=65535)
    email_use_tls: bool | None = None
    email_host_user: str = ""
    email_host_password: str = ""
    email_from: str = "ShopSite <no-reply@shopsite.example>"
    email_timeout_seconds: float = Field(default=10.0, gt=0, le=15)
    email_connections: int = Field(default=4, ge=1, le=32)
    email_deadline_hours: float = Field(default=72.0, gt=0)
    shop_colour: str = Field(default="#1f5fbf", pattern="^#[0-9a-fA-F]{6}$")
    shopsite_url: str = Field(
        default="http://localhost:8000", description="The origin of links where PUBLIC_URL is empty."
    )
    order_page_path: str = Field(default="", pattern="^(/.*)?$")

    @field_validator("email_from")
    @classmethod
    def _has_address(cls, value: str) -> str:
        name, address = parseaddr(value)
        local, _, domain = address.rpartition("@")
        if not local or not domain or not Address(name, addr_spec=address).domain:
            raise ValueError('EMAIL_FROM must be an address: "Shop <no-reply@shop.example>"')
        return value

    @property
    def sender(self) -> Address:
        """Who the mails are from."""
        name, address = parseaddr(self.email_from)
        return Address(name or self.shop_name, addr_spec=address)

    @property
    def implicit_tls(self) -> bool:
        """Tell whether the connection is encrypted from its first byte: port 465 with TLS."""
        return self.encrypted and self.email_port == _IMPLICIT_TLS_PORT

    @property
    def encrypted(self) -> bool:
        """Tell whether mails and password may only travel encrypted; unset, the two ports made for it decide."""
        if self.email_use_tls is None:
            return self.email_port in {_IMPLICIT_TLS_PORT, _SUBMISSION_PORT}
        return self.email_use_tls

    @property
    def deadline(self) -> timedelta:
        """How long a mail is tried before it counts as failed."""
        return timedelta(hours=self.email_deadline_hours)

    @property
    def link_origin(self) -> str:
        """Where links in mails lead: no request tells here which host the reader uses."""
        return (self.public_url or self.shopsite_url).rstrip("/")
