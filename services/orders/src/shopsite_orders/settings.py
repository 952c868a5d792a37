"""Settings of the orders service."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from shopsite_common.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service reads, and the terms of an order."""

    service: ClassVar[str] = "orders"

    order_payment_timeout_seconds: int = Field(default=1800, ge=1)
    max_unpaid_orders: int = Field(default=10, ge=1)
    expiry_check_seconds: float = Field(default=2.0, gt=0)
    checkout_catalog_timeout_seconds: float = Field(default=3.0, gt=0, le=30)

    @property
    def payment_term(self) -> timedelta:
        """Return how long an order waits for its money."""
        return timedelta(seconds=self.order_payment_timeout_seconds)
