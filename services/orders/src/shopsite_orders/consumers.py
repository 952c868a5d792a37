"""What orders hears from others. One table; the handlers only hand on."""

from typing import Any

from sqlmodel import Session

from shopsite_common.events import (
    CustomerDeleted,
    EmailFailed,
    EmailSent,
    Event,
    PaymentFailed,
    PaymentHeld,
    PaymentInitiated,
    PaymentRefunded,
    PaymentReleased,
    PaymentSucceeded,
    RefundFailed,
    RefundStarted,
)
from shopsite_common.topology import Subscription
from shopsite_orders.service import erasure, money, story


def on_payment_initiated(session: Session, event: Event[PaymentInitiated]) -> None:
    """A payment has begun."""
    money.note_payment_begun(session, payment=event.data)


def on_payment_succeeded(session: Session, event: Event[PaymentSucceeded]) -> None:
    """Money has arrived."""
    money.receive_payment(session, payment=event.data)


def on_payment_failed(session: Session, event: Event[PaymentFailed]) -> None:
    """An attempt was declined."""
    money.note_payment_failed(session, payment=event.data)


def on_payment_held(session: Session, event: Event[PaymentHeld]) -> None:
    """An admin has to look at money."""
    money.hold_payment(session, payment=event.data, sequence=event.sequence)


def on_payment_released(session: Session, event: Event[PaymentReleased]) -> None:
    """A dispute was won."""
    money.release_payment(session, payment=event.data, sequence=event.sequence)


def on_refund_started(session: Session, event: Event[RefundStarted]) -> None:
    """Money begins to go back."""
    money.note_refund(session, refund=event.data, sequence=event.sequence)


def on_refund_failed(session: Session, event: Event[RefundFailed]) -> None:
    """A refund did not work."""
    money.note_refund(session, refund=event.data, sequence=event.sequence)


def on_payment_refunded(session: Session, event: Event[PaymentRefunded]) -> None:
    """Money has gone back."""
    money.note_refund(session, refund=event.data, sequence=event.sequence)


def on_customer_deleted(session: Session, event: Event[CustomerDeleted]) -> None:
    """An account was erased."""
    erasure.erase_customer(session, customer_id=event.data.customer_id)


def on_email_ended(session: Session, event: Event[Any]) -> None:
    """A mail went out, or could not."""
    sent = isinstance(event.data, EmailSent)
    story.note_mail(session, order_id=event.data.order_id, kind=event.data.kind, sent=sent, at=event.time)


HANDLERS = (
    Subscription("orders", on_payment_initiated, (PaymentInitiated,)),
    Subscription("orders", on_payment_succeeded, (PaymentSucceeded,)),
    Subscription("orders", on_payment_failed, (PaymentFailed,)),
    Subscription("orders", on_payment_held, (PaymentHeld,)),
    Subscription("orders", on_payment_released, (PaymentReleased,)),
    Subscription("orders", on_refund_started, (RefundStarted,)),
    Subscription("orders", on_refund_failed, (RefundFailed,)),
    Subscription("orders", on_payment_refunded, (PaymentRefunded,)),
    Subscription("orders", on_customer_deleted, (CustomerDeleted,)),
    Subscription("orders", on_email_ended, (EmailSent, EmailFailed)),
)
