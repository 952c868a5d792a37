"""What the gateway's check reads from the environment."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from shopsite_common.rate_limit import Quota
from shopsite_common.settings import CommonSettings


class Settings(CommonSettings):
    """The common settings and the tiers; requests an hour, 0 switches a tier's limit off."""

    service: ClassVar[str] = "authz"

    shopsite_rate_limit_anonymous: int = Field(default=100, ge=0)
    shopsite_rate_limit_customer: int = Field(default=1000, ge=0)
    shopsite_rate_limit_staff: int = Field(default=5000, ge=0)

    @property
    def anonymous(self) -> Quota:
        """The quota of a client address."""
        return Quota("anonymous", self.shopsite_rate_limit_anonymous)

    @property
    def tiers(self) -> dict[str, Quota]:
        """The quota of an account, by its role."""
        staff = Quota("staff", self.shopsite_rate_limit_staff)
        return {"customer": Quota("customer", self.shopsite_rate_limit_customer), "staff": staff, "admin": staff}

    def state_file(self, name: str) -> Path | None:
        """Return where something small is kept over restarts; None without a folder for it."""
        return self.state_dir / name if self.state_dir != Path() else None
