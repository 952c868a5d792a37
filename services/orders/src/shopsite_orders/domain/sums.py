"""Money of an order: lines, totals, what refunds have taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

ZERO = Decimal("0.00")
DUPLICATE = "duplicate_payment"


@dataclass(frozen=True)
class SoldLine:
    """A line as it is sold: name and price are the catalog's at this moment, and stay."""

    product_id: UUID
    cart_line_id: UUID
    name: str
    unit_price: Decimal
    quantity: int

    @property
    def subtotal(self) -> Decimal:
        """Return price times quantity, exactly."""
        return self.unit_price * self.quantity


def total_of(lines: Iterable[SoldLine]) -> Decimal:
    """Return what the lines cost together."""
    return sum((line.subtotal for line in lines), ZERO)


class RefundState(StrEnum):
    """Where a refund is."""

    STARTED = "STARTED"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class RefundPart:
    """A refund of an order's money; ``full``: payments says that with it nothing is left."""

    amount: Decimal
    state: RefundState
    full: bool


@dataclass(frozen=True)
class RefundSums:
    """What the refunds of an order amount to.

    Attributes:
        refunded: what has gone back.
        pending: refunds under way or done take all that was paid.
        complete: all that was paid has gone back.
    """

    refunded: Decimal
    pending: bool
    complete: bool


def sum_refunds(parts: Iterable[RefundPart], *, total: Decimal, bought: bool) -> RefundSums:
    """Add up refunds; those of a second, duplicate payment are not among them.

    The sum decides for a bought order, whose money was exactly its total. What was held or came late may have been any
    amount, so there the word of payments counts.
    """
    known = list(parts)
    refunded = sum((part.amount for part in known if part.state is RefundState.PROCESSED), ZERO)
    taken = refunded + sum((part.amount for part in known if part.state is RefundState.STARTED), ZERO)
    under_way = any(part.full and part.state is not RefundState.FAILED for part in known)
    done = any(part.full and part.state is RefundState.PROCESSED for part in known)
    return RefundSums(
        refunded=refunded,
        pending=under_way or (bought and taken >= total),
        complete=done or (bought and refunded >= total),
    )
