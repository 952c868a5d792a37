"""What payments does about others' events."""

from typing import Any

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import CustomerDeleted, Event, OrderCancelled, OrderCompleted, OrderPaid, OrderRefunded
from shopsite_common.topology import Subscription
from shopsite_payments.service import orders, webhooks


def on_order_cancelled(session: Session, event: Event[OrderCancelled]) -> None:
    """Give back what arrived for it."""
    data = event.data
    orders.cancel_order(
        session,
        order_id=data.order_id,
        paid=data.paid,
        reason=data.reason,
        at=data.cancelled_at,
        now=utcnow(),
    )


def on_order_paid(session: Session, event: Event[OrderPaid]) -> None:
    """Note that the money bought the order."""
    orders.note_order_paid(session, order_id=event.data.order_id, at=event.data.paid_at)


def on_order_ended(session: Session, event: Event[Any]) -> None:
    """Stop watching the open transactions of an order that is completed or refunded."""
    orders.end_order(session, order_id=event.data.order_id, now=utcnow())


def on_customer_deleted(session: Session, event: Event[CustomerDeleted]) -> None:
    """Take the person out of what is stored here."""
    webhooks.erase_customer(session, customer_id=event.data.customer_id, now=utcnow())


HANDLERS = (
    Subscription("payments", on_order_cancelled, (OrderCancelled,)),
    Subscription("payments", on_order_paid, (OrderPaid,)),
    Subscription("payments", on_order_ended, (OrderCompleted, OrderRefunded)),
    Subscription("payments", on_customer_deleted, (CustomerDeleted,)),
)
