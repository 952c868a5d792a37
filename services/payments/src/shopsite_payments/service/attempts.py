"""Beginning to pay: one open transaction an order, reserved before Paystack hears of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from shopsite_common import context
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_payments.domain.payments import (
    AttemptState,
    OpenedTransaction,
    OrderSnapshot,
    PaymentStatus,
    check_may_begin,
)
from shopsite_payments.errors import OrderNotPayable, PaymentBeingOpened, UnknownReference
from shopsite_payments.models import Payment, PaymentAttempt
from shopsite_payments.repository import payments as repository
from shopsite_payments.service import news


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What the caller is to do.

    Attributes:
        reference: of the attempt.
        opened: the transaction, if it is open already.
        ours: whether the caller is the one to open it; else somebody else is at it, and the caller waits.
    """

    reference: str
    opened: OpenedTransaction | None = None
    ours: bool = False


def reserve_attempt(
    session: Session, *, order: OrderSnapshot, now: datetime, lease: timedelta, check_after: timedelta
) -> Reservation:
    """Return the order's open transaction, or reserve the reference of a new one.

    Args:
        order: as orders tells it at this moment.
        now: the time.
        lease: how long the caller has to open the transaction before another may.
        check_after: when it is first verified.

    Raises:
        OrderNotPayable: the order has ended, or its money went back.
        OrderAlreadyPaid: its money is here.
        PaymentOnHold: money is here that does not fit.
    """
    state = repository.lock_order_state(session, order.order_id)
    if state.cancelled_at or state.final_at:
        raise OrderNotPayable
    reference = str(uuid7())
    payment = repository.lock_payment_of_order(session, order.order_id)
    if payment is None:
        payment = repository.add_payment(session, order, reference=reference, now=now)
    check_may_begin(payment.status)
    current = repository.find_open_attempt(session, payment.id)
    if current is not None and (found := _as_it_is(current, now)):
        return found
    if current is not None:  # who reserved it is gone
        current.state = AttemptState.LOST
        session.flush()
    attempt = PaymentAttempt(
        payment_id=payment.id,
        reference=reference,
        opening_until=now + lease,
        next_check_at=now + check_after,
        traceparent=context.traceparent.get(),
        created_at=now,
    )
    repository.add_attempt(session, attempt)
    return Reservation(reference=reference, ours=True)


def _as_it_is(attempt: PaymentAttempt, now: datetime) -> Reservation | None:
    if attempt.state == AttemptState.OPEN:
        return Reservation(reference=attempt.reference, opened=_opened(attempt))
    return Reservation(reference=attempt.reference) if attempt.opening_until > now else None


def _opened(attempt: PaymentAttempt) -> OpenedTransaction:
    return OpenedTransaction(
        reference=attempt.reference,
        authorization_url=attempt.authorization_url or "",
        access_code=attempt.access_code or "",
    )


def find_opened(session: Session, *, reference: str) -> OpenedTransaction | None:
    """Return an attempt's transaction if it is open by now.

    Raises:
        PaymentBeingOpened: it will not be: whoever tried has given up.
    """
    attempt = repository.find_attempt(session, reference)
    if attempt is None or attempt.state not in {AttemptState.OPENING, AttemptState.OPEN}:
        raise PaymentBeingOpened
    return _opened(attempt) if attempt.state == AttemptState.OPEN else None


def store_opened(session: Session, *, opened: OpenedTransaction) -> OpenedTransaction:
    """Store the page that Paystack gave, and tell that the payment has begun.

    Raises:
        OrderAlreadyPaid: meanwhile money came, this attempt's or an earlier one's (PaymentOnHold likewise).
        PaymentBeingOpened: it took too long, and another attempt is being opened.
    """
    payment, attempt = _locked(session, opened.reference)
    check_may_begin(payment.status)
    if attempt.state != AttemptState.OPENING:
        raise PaymentBeingOpened
    attempt.state = AttemptState.OPEN
    attempt.authorization_url = opened.authorization_url
    attempt.access_code = opened.access_code
    payment.status = PaymentStatus.INITIALIZED
    payment.reference = opened.reference
    payment.channel = None
    emit(session, news.payment_initiated(payment))
    return opened


def give_up_attempt(session: Session, *, reference: str, watch: bool) -> None:
    """Let go of an attempt whose page is not known.

    Args:
        reference: of the attempt.
        watch: whether Paystack may have heard of it, so that it is verified on.
    """
    _, attempt = _locked(session, reference)
    if attempt.state == AttemptState.OPENING:
        attempt.state = AttemptState.LOST
        attempt.next_check_at = attempt.next_check_at if watch else None


def _locked(session: Session, reference: str) -> tuple[Payment, PaymentAttempt]:
    found = repository.lock_by_reference(session, reference)
    if found is None:
        raise UnknownReference
    return found
