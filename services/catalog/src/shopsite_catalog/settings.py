"""What catalog reads from the environment."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from shopsite_common.rate_limit import Quota
from shopsite_common.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings, and catalog's own."""

    service: ClassVar[str] = "catalog"

    cloudinary_url: str = ""
    cloudinary_timeout_seconds: float = Field(default=10.0, gt=0)
    reservation_seconds: int = Field(default=120, ge=1)
    product_cache_seconds: int = Field(default=900, ge=1)
    review_auto_approve: bool = True
    shopsite_rate_limit_anonymous: int = Field(default=100, ge=0)

    @property
    def reservation_time(self) -> timedelta:
        """How long stock is held for an order of which nothing was heard."""
        return timedelta(seconds=self.reservation_seconds)

    @property
    def anonymous(self) -> Quota:
        """The hourly quota of a client address."""
        return Quota("anonymous", self.shopsite_rate_limit_anonymous)
