"""What catalog hears: an order's life moves its stock; an account changes its name, or loses it with its erasure."""

from sqlmodel import Session

from shopsite_catalog.service import reservations, reviews
from shopsite_common.events import (
    CustomerDeleted,
    CustomerUpdated,
    Event,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderRefunded,
)
from shopsite_common.topology import Subscription


def on_order_created(session: Session, event: Event[OrderCreated]) -> None:
    """The reservation is the order's: it no longer expires."""
    reservations.confirm_reservation(session, order_id=event.data.order_id, customer_id=event.data.customer_id)


def on_order_paid(session: Session, event: Event[OrderPaid]) -> None:
    """What was reserved is sold, and may be reviewed."""
    reservations.sell_reservation(
        session,
        order_id=event.data.order_id,
        customer_id=event.data.customer_id,
        product_ids=[item.product_id for item in event.data.items],
    )


def on_order_cancelled(session: Session, event: Event[OrderCancelled]) -> None:
    """The stock comes back."""
    reservations.cancel_reservation(
        session,
        order_id=event.data.order_id,
        customer_id=event.data.customer_id,
        actor=event.data.customer_id if event.data.reason == "customer" else None,
    )


def on_order_refunded(session: Session, event: Event[OrderRefunded]) -> None:
    """The right to review goes; the stock of an order that was not shipped comes back."""
    reservations.refund_reservation(
        session,
        order_id=event.data.order_id,
        customer_id=event.data.customer_id,
        restock=event.data.restock,
    )


def on_customer_updated(session: Session, event: Event[CustomerUpdated]) -> None:
    """Reviews bear the author's name of today."""
    customer = event.data
    reviews.rename_author(session, customer_id=customer.customer_id, name=customer.first_name, sequence=event.sequence)


def on_customer_deleted(session: Session, event: Event[CustomerDeleted]) -> None:
    """Reviews stay, without the name."""
    reviews.erase_author(session, customer_id=event.data.customer_id)


HANDLERS = (
    Subscription("catalog", on_order_created, (OrderCreated,)),
    Subscription("catalog", on_order_paid, (OrderPaid,)),
    Subscription("catalog", on_order_cancelled, (OrderCancelled,)),
    Subscription("catalog", on_order_refunded, (OrderRefunded,)),
    Subscription("catalog", on_customer_updated, (CustomerUpdated,)),
    Subscription("catalog", on_customer_deleted, (CustomerDeleted,)),
)
