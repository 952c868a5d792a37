"""What payments tells the others. ``reference`` is that of the attempt at Paystack."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shopsite_common.events.contract import EventData
from shopsite_common.money import Money

RefundReason = Literal["order_cancelled", "late_payment", "duplicate_payment", "payment_held", "admin", "external"]
PaymentNews = Literal["webhook", "callback", "check"]


class _Payment(EventData):
    about: ClassVar[str] = "order_id"

    payment_id: UUID
    order_id: UUID
    customer_id: UUID
    reference: str
    amount: Money
    currency: str


class PaymentInitiated(_Payment):
    """The customer can pay: a transaction is open at Paystack."""

    producer: ClassVar[str] = "payments"


class PaymentSucceeded(_Payment):
    """The whole amount in the right currency has arrived; orders decides whether it still buys anything.

    ``brought_by`` is what made us ask Paystack: its webhook, the customer's return, or a look of our own.
    """

    producer: ClassVar[str] = "payments"

    channel: str | None
    paid_at: datetime
    brought_by: PaymentNews | None = None


class PaymentFailed(_Payment):
    """An attempt was declined; the order stays open for another one."""

    producer: ClassVar[str] = "payments"

    reason: str


class PaymentHeld(_Payment):
    """Money arrived, but not what the order asks (``amount``, ``currency``), or it is disputed: an admin decides.

    An unpaid order rests its deadline until ``held_until``; a paid one can't be shipped meanwhile.
    """

    producer: ClassVar[str] = "payments"

    paid_amount: Money
    paid_currency: str
    reason: Literal["amount_mismatch", "disputed", "external_refund"]
    held_until: datetime | None


class PaymentReleased(EventData):
    """The shop has won the dispute, and nothing else stands against the payment: its order can be shipped again."""

    producer: ClassVar[str] = "payments"
    about: ClassVar[str] = "order_id"

    payment_id: UUID
    order_id: UUID
    reference: str


class _Refund(EventData):
    about: ClassVar[str] = "order_id"

    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    customer_id: UUID
    reference: str
    amount: Money
    currency: str
    reason: RefundReason
    full: bool


class RefundStarted(_Refund):
    """A refund is on its way to Paystack. ``full``: with it nothing of what was paid for the order is left."""

    producer: ClassVar[str] = "payments"


class PaymentRefunded(_Refund):
    """Paystack has processed a refund. ``full``: all that was paid for the order has now gone back."""

    producer: ClassVar[str] = "payments"


class RefundFailed(_Refund):
    """Paystack refused a refund, or needs the customer's bank details: an admin acts."""

    producer: ClassVar[str] = "payments"

    status: Literal["FAILED", "NEEDS_ATTENTION"]
