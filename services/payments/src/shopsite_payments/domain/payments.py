"""The rules of money: what may be paid, what a verification means, what is left to refund. No I/O, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shopsite_payments.errors import (
    AmountNotPayable,
    NotRefundable,
    OrderAlreadyPaid,
    OrderNotPayable,
    PaymentOnHold,
    RefundTooLarge,
)

# What Paystack takes in one charge, per currency (its documents: "Introduction", error codes of /transaction)
_SMALLEST = {
    "NGN": Decimal(50),
    "USD": Decimal(2),
    "GHS": Decimal("0.10"),
    "ZAR": Decimal(1),
    "KES": Decimal(3),
    "XOF": Decimal(1),
}
_LARGEST = Decimal(10_000_000)
_ARRIVED = {"success", "reversed"}  # reversed: it had arrived, and went back since
_PAYABLE_ORDERS = {"CREATED", "PENDING"}
_ENDED_ORDERS = {"CANCELLED", "REFUNDED"}
_REFUND_PAUSES = (
    (timedelta(seconds=30), timedelta(seconds=1)),
    (timedelta(minutes=10), timedelta(seconds=15)),
    (timedelta(days=1), timedelta(minutes=10)),
)
_SLOWEST_PAUSE = timedelta(hours=1)
_LONGEST_WEBHOOK_PAUSE = timedelta(minutes=5)


class PaymentStatus(StrEnum):
    """Where the money of an order is."""

    INITIALIZED = "INITIALIZED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    HELD = "HELD"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"


class AttemptState(StrEnum):
    """Where one transaction at Paystack is.

    ``OPENING`` reserved, Paystack is being asked; ``OPEN`` the customer has its page; ``LOST`` Paystack's answer never
    came; ``FAILED`` declined; ``PAID`` its money is the payment's; ``DUPLICATE`` paid beside another, and given back.
    """

    OPENING = "OPENING"
    OPEN = "OPEN"
    LOST = "LOST"
    FAILED = "FAILED"
    PAID = "PAID"
    DUPLICATE = "DUPLICATE"

    @property
    def settled(self) -> bool:
        """Tell whether its money has arrived: nothing more can come of it."""
        return self in {AttemptState.PAID, AttemptState.DUPLICATE}


class RefundStatus(StrEnum):
    """Where a refund is."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"

    @property
    def final(self) -> bool:
        """Tell whether it changes no more."""
        return self in {RefundStatus.PROCESSED, RefundStatus.FAILED}


class Verdict(StrEnum):
    """What a verification says of a transaction."""

    ARRIVED = "arrived"
    DECLINED = "declined"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class OrderSnapshot:
    """An order as orders tells it at this moment."""

    order_id: UUID
    number: str
    customer_id: UUID
    customer_email: str
    status: str
    total: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A transaction as Paystack tells it; ``amount`` in main units."""

    reference: str
    status: str
    amount: Decimal
    currency: str
    transaction_id: int | None = None
    channel: str | None = None
    paid_at: datetime | None = None
    message: str = ""

    @property
    def verdict(self) -> Verdict:
        """Return what it means; an abandoned page is still open, for it can be paid later."""
        if self.status in _ARRIVED:
            return Verdict.ARRIVED
        return Verdict.DECLINED if self.status == "failed" else Verdict.OPEN


@dataclass(frozen=True, kw_only=True)
class OpenedTransaction:
    """What Paystack gives for the customer's browser."""

    reference: str
    authorization_url: str
    access_code: str


@dataclass(frozen=True, kw_only=True)
class ProviderRefund:
    """A refund as Paystack tells it; ``note`` is the merchant's note, in which ours carry their own id."""

    refund_id: int
    amount: Decimal
    currency: str
    status: RefundStatus
    note: str = ""

    def is_of(self, refund_id: UUID) -> bool:
        """Tell whether it was made by our refund of this id."""
        return refund_note(refund_id) in self.note


@dataclass(frozen=True, kw_only=True)
class RefundPart:
    """One refund of an attempt, as the sums see it."""

    amount: Decimal
    status: RefundStatus


def check_order(order: OrderSnapshot) -> None:
    """Refuse an order that can't be paid.

    Raises:
        OrderNotPayable: it is cancelled or refunded.
        OrderAlreadyPaid: it is paid.
        AmountNotPayable: Paystack does not take its total.
    """
    if order.status in _ENDED_ORDERS:
        raise OrderNotPayable
    if order.status not in _PAYABLE_ORDERS:
        raise OrderAlreadyPaid
    smallest = _SMALLEST.get(order.currency, Decimal("0.01"))
    if not smallest <= order.total <= _LARGEST:
        raise AmountNotPayable(details={"minimum": f"{smallest:.2f}", "maximum": f"{_LARGEST:.2f}"})


def check_may_begin(status: PaymentStatus) -> None:
    """Refuse another attempt once money has arrived.

    Raises:
        PaymentOnHold: it does not fit the order and an admin decides.
        OrderAlreadyPaid: it bought the order.
        OrderNotPayable: it has gone back, or is on its way.
    """
    if status == PaymentStatus.HELD:
        raise PaymentOnHold
    if status == PaymentStatus.SUCCEEDED:
        raise OrderAlreadyPaid
    if status in {PaymentStatus.REFUNDING, PaymentStatus.REFUNDED}:
        raise OrderNotPayable


def left_of(arrived: Decimal, refunds: Iterable[RefundPart]) -> Decimal:
    """Return what of an attempt's money is neither back nor on its way; a failed refund frees its amount."""
    taken = sum((part.amount for part in refunds if part.status != RefundStatus.FAILED), Decimal(0))
    return max(arrived - taken, Decimal(0))


def refundable(arrived: Decimal, refunds: Iterable[RefundPart], wanted: Decimal | None) -> Decimal:
    """Return the amount of a new refund: what is wanted, or all that is left.

    Raises:
        NotRefundable: nothing is left.
        RefundTooLarge: less is left than is wanted.
    """
    left = left_of(arrived, refunds)
    if left == 0:
        raise NotRefundable(details={"left": "0.00"})
    if wanted is not None and wanted > left:
        raise RefundTooLarge(details={"left": f"{left:.2f}"})
    return left if wanted is None else wanted


def all_is_back(arrived: Decimal, refunds: Iterable[RefundPart]) -> bool:
    """Tell whether Paystack has processed refunds of all that arrived."""
    back = sum((part.amount for part in refunds if part.status == RefundStatus.PROCESSED), Decimal(0))
    return back >= arrived > 0


def status_after_refunds(arrived: Decimal, refunds: Iterable[RefundPart], *, fits: bool) -> PaymentStatus:
    """Return a paid payment's status from its refunds.

    Args:
        arrived: what was paid.
        refunds: all refunds of the attempt that paid.
        fits: whether what was paid is what the order asks.
    """
    parts = list(refunds)
    if any(not part.status.final for part in parts):
        return PaymentStatus.REFUNDING
    if all_is_back(arrived, parts):
        return PaymentStatus.REFUNDED
    return PaymentStatus.SUCCEEDED if fits else PaymentStatus.HELD


def refund_note(refund_id: UUID) -> str:
    """Return the merchant's note by which our refund is found again when Paystack's answer was lost."""
    return f"ShopSite refund {refund_id}"


def refund_pause(age: timedelta) -> timedelta:
    """Return how long to wait before a refund of this age is looked at again: soon at first, hourly after a day."""
    return next((pause for limit, pause in _REFUND_PAUSES if age < limit), _SLOWEST_PAUSE)


def webhook_pause(tries: int) -> timedelta:
    """Return how long to wait after so many failed tries to work on a webhook."""
    return min(timedelta(seconds=2.0 ** min(tries, 12)), _LONGEST_WEBHOOK_PAUSE)
