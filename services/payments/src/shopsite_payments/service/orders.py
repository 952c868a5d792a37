"""What the fate of an order means for its money."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from shopsite_common.events import RefundReason
from shopsite_payments.domain.payments import PaymentStatus
from shopsite_payments.models import Payment
from shopsite_payments.repository import payments as repository
from shopsite_payments.service import refunds


def cancel_order(session: Session, *, order_id: UUID, paid: bool, reason: str, at: datetime, now: datetime) -> None:
    """Give back what is left of all that arrived for a cancelled order.

    Orders tells ``paid`` again when money comes after the cancellation. Money that is held goes back in any case: it
    never bought anything.
    """
    state = repository.lock_order_state(session, order_id)
    if state.cancelled_at is None:
        state.cancelled_at, state.cancel_reason = at, reason
    _end(session, order_id, now)
    payment = repository.lock_payment_of_order(session, order_id)
    if payment is not None and (paid or payment.status == PaymentStatus.HELD):
        why = _refund_reason(payment, cancelled_at=state.cancelled_at)
        refunds.return_rest(session, payment=payment, reason=why, now=now)


def _refund_reason(payment: Payment, *, cancelled_at: datetime) -> RefundReason:
    if not payment.fits:
        return "payment_held"
    late = payment.paid_at is not None and payment.paid_at > cancelled_at
    return "late_payment" if late else "order_cancelled"


def note_order_paid(session: Session, *, order_id: UUID, at: datetime) -> None:
    """Note that the order's money has bought it."""
    state = repository.lock_order_state(session, order_id)
    state.paid_at = state.paid_at or at


def end_order(session: Session, *, order_id: UUID, now: datetime) -> None:
    """Note that an order is final: its open transactions are verified once more, then no longer."""
    repository.lock_order_state(session, order_id)
    _end(session, order_id, now)


def _end(session: Session, order_id: UUID, now: datetime) -> None:
    state = repository.lock_order_state(session, order_id)
    if state.final_at is not None:
        return
    state.final_at = now
    payment = repository.lock_payment_of_order(session, order_id)
    if payment is not None:
        repository.watch_once_more(session, payment.id, ended_at=now)
