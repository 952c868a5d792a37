"""Settings of the cart service."""

from typing import ClassVar

from pydantic import Field

from shopsite_common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service reads, and how long the catalog may take to answer about one product."""

    service: ClassVar[str] = "cart"

    cart_catalog_timeout_seconds: float = Field(default=1.0, gt=0, le=10)
