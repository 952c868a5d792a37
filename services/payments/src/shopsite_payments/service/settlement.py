"""Settling: what a verification at Paystack makes of an attempt and its payment, once and for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from shopsite_common.events import PaymentNews
from shopsite_common.outbox import emit
from shopsite_payments.domain.payments import AttemptState, PaymentStatus, Verdict, Verification
from shopsite_payments.errors import UnknownReference
from shopsite_payments.models import Payment, PaymentAttempt
from shopsite_payments.repository import payments as repository
from shopsite_payments.repository.payments import AttemptTask
from shopsite_payments.service import news, refunds

_GIVE_UP_UNKNOWN = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a payment stands, and whether its attempt can still change."""

    reference: str
    order_id: UUID
    status: PaymentStatus
    settled: bool


def get_standing(session: Session, *, reference: str) -> Standing:
    """Return how the payment of an attempt stands.

    Raises:
        UnknownReference: no attempt of ours has it.
    """
    row = repository.find_standing(session, reference)
    if row is None:
        raise UnknownReference
    return Standing(reference=reference, order_id=row.order_id, status=row.status, settled=row.state.settled)


def settle_attempt(
    session: Session, *, verification: Verification, brought_by: PaymentNews, now: datetime, hold: timedelta
) -> Standing:
    """Take in what Paystack says of a transaction. Said again, or by several at once, it changes nothing more.

    Raises:
        UnknownReference: no attempt of ours has the reference.
    """
    payment, attempt = _locked(session, verification.reference)
    attempt.verified_at = now
    if attempt.state.settled:
        return _standing(payment, attempt)
    if verification.verdict == Verdict.ARRIVED:
        _take_money(session, payment, attempt, verification, now)
        _tell_of_money(session, payment, attempt, brought_by, now, hold)
    elif verification.verdict == Verdict.DECLINED:
        _note_decline(session, payment, attempt, verification)
    return _standing(payment, attempt)


def note_unknown(session: Session, *, reference: str, now: datetime) -> None:
    """Note that Paystack has no such transaction: an opening that never arrived is watched no longer."""
    _, attempt = _locked(session, reference)
    attempt.verified_at = now
    if attempt.state in {AttemptState.LOST, AttemptState.OPENING} and now - attempt.created_at > _GIVE_UP_UNKNOWN:
        attempt.state, attempt.next_check_at = AttemptState.LOST, None


def _locked(session: Session, reference: str) -> tuple[Payment, PaymentAttempt]:
    found = repository.lock_by_reference(session, reference)
    if found is None:
        raise UnknownReference
    return found


def _standing(payment: Payment, attempt: PaymentAttempt) -> Standing:
    return Standing(
        reference=attempt.reference,
        order_id=payment.order_id,
        status=payment.status,
        settled=attempt.state.settled,
    )


def _note_decline(session: Session, payment: Payment, attempt: PaymentAttempt, found: Verification) -> None:
    """A declined page may be paid later all the same, so it is watched on; the decline is told once."""
    attempt.failure = found.message
    if attempt.state not in {AttemptState.OPEN, AttemptState.LOST}:
        return
    attempt.state = AttemptState.FAILED
    if payment.reference != attempt.reference or payment.status != PaymentStatus.INITIALIZED:
        return
    payment.status, payment.channel = PaymentStatus.FAILED, found.channel
    emit(session, news.payment_failed(payment, found.message))


def _take_money(
    session: Session, payment: Payment, attempt: PaymentAttempt, found: Verification, now: datetime
) -> None:
    attempt.paid_amount, attempt.paid_currency = found.amount, found.currency
    attempt.paid_at, attempt.channel = found.paid_at or now, found.channel
    attempt.transaction_id, attempt.next_check_at = found.transaction_id, None
    if payment.paid_amount is not None:
        attempt.state = AttemptState.DUPLICATE
        refunds.return_duplicate(session, payment=payment, attempt=attempt, now=now)
        return
    attempt.state = AttemptState.PAID
    payment.reference, payment.channel, payment.paid_at = attempt.reference, attempt.channel, attempt.paid_at
    payment.paid_amount, payment.paid_currency = found.amount, found.currency
    session.flush()


def _tell_of_money(
    session: Session, payment: Payment, attempt: PaymentAttempt, brought_by: PaymentNews, now: datetime, hold: timedelta
) -> None:
    if attempt.state == AttemptState.DUPLICATE:
        return
    if payment.fits:
        payment.status = PaymentStatus.SUCCEEDED
        emit(session, news.payment_succeeded(payment, brought_by))
    else:
        _hold(session, payment, now, hold)


def _hold(session: Session, payment: Payment, now: datetime, hold: timedelta) -> None:
    """Money that doesn't fit waits for an admin; that of an order cancelled before goes back at once."""
    payment.status, payment.held_until = PaymentStatus.HELD, now + hold
    emit(session, news.payment_held(payment, "amount_mismatch"))
    state = repository.find_order_state(session, payment.order_id)
    if state is not None and state.cancelled_at is not None:
        refunds.return_rest(session, payment=payment, reason="late_payment", now=now)


def take_due_attempts(
    session: Session, *, now: datetime, pause: timedelta, after_end: timedelta, limit: int
) -> Sequence[AttemptTask]:
    """Return the unpaid attempts that are due to be verified, and plan their next time.

    Args:
        now: the time.
        pause: how long after this look the next one comes, while the order goes on.
        after_end: how long after its order's end an attempt is looked at for the last time.
        limit: how many at most.
    """
    return repository.take_due_attempts(session, now=now, pause=pause, after_end=after_end, limit=limit)


def check_again(session: Session, *, reference: str, at: datetime) -> None:
    """Plan the next verification of an attempt that could not be verified now."""
    repository.check_again(session, reference, at=at)
