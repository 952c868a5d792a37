"""What the portal reads from the environment."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shopsite_common.rate_limit import Quota
from shopsite_common.settings import SERVICES, CommonSettings


class Settings(CommonSettings):
    """The common settings, where authz is, and the anonymous quota of the documents."""

    service: ClassVar[str] = "portal"

    authz_url: str = Field(default="http://localhost:8007", description="Where authz is, for the shop's health.")
    mail_url: str = Field(default="", description="The mail catcher's page, linked by a shop under development.")
    paystack_simulator_url: str = Field(default="", description="The Paystack simulator's page, likewise.")
    cloudinary_simulator_url: str = Field(default="", description="The Cloudinary simulator's page, likewise.")
    shop_reset_url: str = Field(default="", pattern="^(https?://[^/]+.*)?$")
    shopsite_rate_limit_anonymous: int = Field(default=100, ge=0)

    @property
    def anonymous(self) -> Quota:
        """The quota of a client address, shared with every other public route."""
        return Quota("anonymous", self.shopsite_rate_limit_anonymous)

    @property
    def simulators(self) -> dict[str, str]:
        """The pages of what stands in for the outside world, by name, as far as there are any."""
        pages = {
            "Mails": self.mail_url,
            "Paystack simulator": self.paystack_simulator_url,
            "Cloudinary simulator": self.cloudinary_simulator_url,
        }
        return {name: url for name, url in pages.items() if url}

    @property
    def service_urls(self) -> dict[str, str]:
        """The six services by name."""
        return {name: self.url_of(name) for name in SERVICES}

    @property
    def watched_urls(self) -> dict[str, str]:
        """Whose health the shop's health is made of."""
        return {**self.service_urls, "authz": self.url_of("authz")}

    def state_file(self, name: str) -> Path | None:
        """Return where something small is kept over restarts; None without a folder for it."""
        return self.state_dir / name if self.state_dir != Path() else None
