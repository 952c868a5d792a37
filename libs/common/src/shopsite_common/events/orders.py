"""What orders tells the others. No address travels in an event: who needs one asks."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel

from shopsite_common.events.contract import EventData
from shopsite_common.money import Money

CancelReason = Literal["customer", "admin", "unpaid", "payment_held", "account_deleted"]


class OrderLine(BaseModel):
    """One line as sold. ``cart_line_id`` names the cart line that it came from."""

    product_id: UUID
    cart_line_id: UUID
    name: str
    unit_price: Money
    quantity: int
    subtotal: Money


class _Order(EventData):
    about: ClassVar[str] = "order_id"

    order_id: UUID
    number: str
    customer_id: UUID
    items: list[OrderLine]
    total: Money
    currency: str


class OrderCreated(_Order):
    """An order was placed and its stock is reserved; it is to be paid until ``payment_due_at``."""

    producer: ClassVar[str] = "orders"

    created_at: datetime
    payment_due_at: datetime


class OrderPaid(_Order):
    """The order's money is here and buys it: a sale in the ledger, the right to review, the payment mail."""

    producer: ClassVar[str] = "orders"

    payment_id: UUID
    reference: str
    channel: str | None
    paid_at: datetime


class OrderCancelled(_Order):
    """The order ends before shipping: its stock comes back, what was paid (``paid``) is refunded."""

    producer: ClassVar[str] = "orders"

    reason: CancelReason
    paid: bool
    cancelled_at: datetime


class OrderShipped(_Order):
    """The order is on its way."""

    producer: ClassVar[str] = "orders"

    tracking_number: str | None
    carrier: str | None
    shipped_at: datetime


class OrderCompleted(EventData):
    """The order has arrived."""

    producer: ClassVar[str] = "orders"
    about: ClassVar[str] = "order_id"

    order_id: UUID
    number: str
    customer_id: UUID
    completed_at: datetime


class OrderRefunded(_Order):
    """All that was paid has gone back; ``restock`` tells that the stock of an unshipped order returns now."""

    producer: ClassVar[str] = "orders"

    restock: bool
    refunded_at: datetime
