"""What a cart is worth and what of it can be had: rules without I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

MAX_QUANTITY = 999
MAX_LINES = 100


class Availability(StrEnum):
    """Whether a line can be bought as it stands."""

    OK = "ok"
    SHORT = "short"
    GONE = "gone"


@dataclass(frozen=True)
class Line:
    """A line of a cart with the catalog's current price and stock of its product."""

    id: UUID
    product_id: UUID
    name: str
    price: Decimal
    image_url: str | None
    stock: int
    deleted: bool
    quantity: int

    @property
    def availability(self) -> Availability:
        """Tell whether there is enough, less than wanted, or nothing."""
        if not self.is_in_stock:
            return Availability.GONE
        return Availability.SHORT if self.stock < self.quantity else Availability.OK

    @property
    def is_in_stock(self) -> bool:
        """Tell whether there is at least one."""
        return not self.deleted and self.stock > 0

    @property
    def subtotal(self) -> Decimal:
        """Return price times quantity, exactly."""
        return self.price * self.quantity


@dataclass(frozen=True)
class CartView:
    """A cart with its lines, oldest first."""

    id: UUID
    updated_at: datetime
    lines: tuple[Line, ...]


def total_of(lines: Iterable[Line]) -> Decimal:
    """Return what the lines cost; those that can't be had at all don't count."""
    return sum((line.subtotal for line in lines if line.availability is not Availability.GONE), Decimal("0.00"))


def pieces_of(lines: Iterable[Line]) -> int:
    """Return how many pieces the lines hold."""
    return sum(line.quantity for line in lines)


def shortage(wanted: int, *, stock: int) -> int | None:
    """Return what is available if it is less than wanted, else None."""
    available = max(stock, 0)
    return available if wanted > available else None
