"""Which event makes which mail. Handlers are thin: what they do is in ``service``."""

from typing import Any, TypeVar

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import (
    CustomerDeleted,
    CustomerRegistered,
    CustomerUpdated,
    Event,
    EventData,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderShipped,
    PasswordResetRequested,
    PaymentHeld,
    PaymentRefunded,
    RefundFailed,
    StockLow,
)
from shopsite_common.topology import Handler, Subscription
from shopsite_notifications import service
from shopsite_notifications.domain import Kind

OrderEvent = TypeVar("OrderEvent", OrderCreated, OrderPaid, OrderShipped, OrderCancelled, PaymentRefunded)
Alert = TypeVar("Alert", PaymentHeld, RefundFailed)


def on_customer_registered(session: Session, event: Event[CustomerRegistered]) -> None:
    """Know a new account, and welcome it."""
    service.keep_recipient(session, customer=event.data, sequence=event.sequence)
    service.queue_email(
        session,
        kind="welcome",
        customer_id=event.data.customer_id,
        event_id=event.id,
        context={},
        now=utcnow(),
    )


def on_customer_updated(session: Session, event: Event[CustomerUpdated]) -> None:
    """Know an account's new address, name, role or wishes."""
    service.keep_recipient(session, customer=event.data, sequence=event.sequence)


def on_customer_deleted(session: Session, event: Event[CustomerDeleted]) -> None:
    """Forget an account."""
    service.erase_recipient(session, customer_id=event.data.customer_id, sequence=event.sequence)


def on_password_reset_requested(session: Session, event: Event[PasswordResetRequested]) -> None:
    """Queue the mail with the link, which is asked for when it is sent."""
    service.queue_email(
        session,
        kind="password_reset",
        customer_id=event.data.customer_id,
        event_id=event.id,
        context=event.data.model_dump(mode="json", include={"reset_id", "expires_at"}),
        now=utcnow(),
    )


def on_order_created(session: Session, event: Event[OrderCreated]) -> None:
    """Confirm an order."""
    _tell_customer(session, "order_confirmation", event)


def on_order_paid(session: Session, event: Event[OrderPaid]) -> None:
    """Confirm a payment: when orders says that it buys the order, not when money moves."""
    _tell_customer(session, "payment_confirmation", event)


def on_order_shipped(session: Session, event: Event[OrderShipped]) -> None:
    """Tell that an order has left, if its customer wants to know."""
    _tell_customer(session, "shipping", event)


def on_order_cancelled(session: Session, event: Event[OrderCancelled]) -> None:
    """Tell of a cancellation, once an order: it is announced again when money comes late."""
    _tell_customer(session, "cancellation", event)


def on_payment_refunded(session: Session, event: Event[PaymentRefunded]) -> None:
    """Tell that money has gone back."""
    _tell_customer(session, "refund", event)


def on_stock_low(session: Session, event: Event[StockLow]) -> None:
    """Tell the admins that a product runs out."""
    service.alert_admins(session, kind="low_stock", event_id=event.id, context=_facts(event.data), now=utcnow())


def on_payment_held(session: Session, event: Event[PaymentHeld]) -> None:
    """Tell the admins that a payment waits for their decision."""
    _alert_about_order(session, event, _facts(event.data))


def on_refund_failed(session: Session, event: Event[RefundFailed]) -> None:
    """Tell the admins that a refund did not go through."""
    outcome = {"reason": "refund_failed", "paid_amount": None, "held_until": None}
    _alert_about_order(session, event, {**_facts(event.data), **outcome})


def _tell_customer(session: Session, kind: Kind, event: Event[OrderEvent]) -> None:
    service.queue_email(
        session,
        kind=kind,
        customer_id=event.data.customer_id,
        order_id=event.data.order_id,
        event_id=event.id,
        context=_facts(event.data),
        now=utcnow(),
    )


def _alert_about_order(
    session: Session, event: Event[PaymentHeld] | Event[RefundFailed], facts: dict[str, Any]
) -> None:
    service.alert_admins(
        session,
        kind="payment_held",
        order_id=event.data.order_id,
        event_id=event.id,
        context=facts,
        now=utcnow(),
    )


def _facts(data: EventData) -> dict[str, Any]:
    """Return what the templates may use of an event: it names orders and products, and no person."""
    return data.model_dump(mode="json", exclude={"customer_id"})


def _subscription(handler: Handler, *events: type[EventData]) -> Subscription:
    return Subscription("notifications", handler, events)


HANDLERS = (
    _subscription(on_customer_registered, CustomerRegistered),
    _subscription(on_customer_updated, CustomerUpdated),
    _subscription(on_customer_deleted, CustomerDeleted),
    _subscription(on_password_reset_requested, PasswordResetRequested),
    _subscription(on_order_created, OrderCreated),
    _subscription(on_order_paid, OrderPaid),
    _subscription(on_order_shipped, OrderShipped),
    _subscription(on_order_cancelled, OrderCancelled),
    _subscription(on_payment_refunded, PaymentRefunded),
    _subscription(on_stock_low, StockLow),
    _subscription(on_payment_held, PaymentHeld),
    _subscription(on_refund_failed, RefundFailed),
)
