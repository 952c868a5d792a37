"""Reservations as orders asks for them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shopsite_catalog.domain.stock import MAX_STOCK
from shopsite_common.money import Money
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp, WholeNumber


class LineIn(RequestBody):
    """So many of a product."""

    product_id: UUID
    quantity: Annotated[WholeNumber, Field(ge=1, le=MAX_STOCK)]


class ReservationCreate(RequestBody):
    """What an order wants to have. The order's id makes the call repeatable."""

    order_id: UUID
    customer_id: UUID
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=500)]
    expected_total: Money | None = None


class LineOut(ResponseBody):
    """A product as it is sold."""

    product_id: UUID
    name: str
    unit_price: Money
    quantity: int


class ReservationOut(ResponseBody):
    """What is reserved, until when, at which prices."""

    order_id: UUID
    currency: str
    expires_at: Timestamp
    lines: list[LineOut]


class ProductCard(ResponseBody):
    """A product as the cart shows it; ``sequence`` is that of the last event of this state."""

    product_id: UUID
    name: str
    price: Money
    currency: str
    image_url: str | None
    stock: int
    sequence: int
