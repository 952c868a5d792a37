"""Refunds: never more than arrived, each committed before Paystack hears of it, its end as Paystack tells it.

The sums are made under the lock of the payment's row. A refund belongs to the attempt whose money goes back; those of
the attempt that paid decide the payment's status, those of a second one that also paid count towards nothing else.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from shopsite_common import context
from shopsite_common.audit import record_action
from shopsite_common.clock import utcnow
from shopsite_common.events import RefundReason
from shopsite_common.outbox import emit
from shopsite_payments.domain.payments import (
    AttemptState,
    ProviderRefund,
    RefundPart,
    RefundStatus,
    all_is_back,
    left_of,
    refund_pause,
    refundable,
    status_after_refunds,
)
from shopsite_payments.errors import NotRefundable, RefundNotRepeatable, UnknownPayment, UnknownReference
from shopsite_payments.models import Payment, PaymentAttempt, Refund
from shopsite_payments.repository import payments as payments_repository
from shopsite_payments.repository import refunds as repository
from shopsite_payments.repository.refunds import RefundTask
from shopsite_payments.service import news

_FORGOTTEN_AFTER = timedelta(minutes=10)


def refund_payment(
    session: Session, *, payment_id: UUID, amount: Decimal | None, note: str | None, actor_id: UUID, now: datetime
) -> None:
    """Start an admin's refund.

    Raises:
        UnknownPayment: there is none.
        NotRefundable: nothing has arrived, or nothing of it is left.
        RefundTooLarge: less is left than is wanted.
    """
    payment = payments_repository.lock_payment(session, payment_id)
    if payment is None:
        raise UnknownPayment
    if payment.paid_amount is None:
        raise NotRefundable
    attempt = payments_repository.get_paid_attempt(session, payment.id)
    refund = _start(session, payment, attempt, reason="admin", amount=amount, note=note, now=now)
    changes = {"refund_id": str(refund.id), "amount": f"{refund.amount:.2f}", "currency": refund.currency}
    record_action(
        session,
        actor_id=actor_id,
        action="payment.refund",
        object_type="payment",
        object_id=payment.id,
        changes=changes,
    )


def return_rest(session: Session, *, payment: Payment, reason: RefundReason, now: datetime) -> None:
    """Start a refund of what is left of a locked payment, if anything is."""
    if payment.paid_amount is None:
        return
    attempt = payments_repository.get_paid_attempt(session, payment.id)
    if left_of(payment.paid_amount, _parts(session, attempt)) > 0:
        _start(session, payment, attempt, reason=reason, now=now)


def return_duplicate(session: Session, *, payment: Payment, attempt: PaymentAttempt, now: datetime) -> None:
    """Start a refund of a second attempt's money."""
    session.flush()
    if attempt.paid_amount:
        _start(session, payment, attempt, reason="duplicate_payment", now=now)


def repeat_refund(session: Session, *, refund_id: UUID, now: datetime) -> UUID:
    """Start a failed refund once more and return the new one's id.

    Raises:
        RefundNotRepeatable: it is unknown, or has not failed.
        NotRefundable: its amount has been refunded otherwise (RefundTooLarge likewise).
    """
    failed = repository.find_refund(session, refund_id)
    payment = payments_repository.lock_payment(session, failed.payment_id) if failed else None
    if failed is None or payment is None or failed.status != RefundStatus.FAILED:
        raise RefundNotRepeatable
    attempt = payments_repository.get_attempt(session, failed.attempt_id)
    again = _start(session, payment, attempt, reason=failed.reason, amount=failed.amount, note=failed.note, now=now)
    return again.id


def _start(
    session: Session,
    payment: Payment,
    attempt: PaymentAttempt,
    *,
    reason: str,
    now: datetime,
    amount: Decimal | None = None,
    note: str | None = None,
) -> Refund:
    arrived = attempt.paid_amount or Decimal(0)
    parts = _parts(session, attempt)
    wanted = refundable(arrived, parts, amount)
    refund = Refund(
        payment_id=payment.id,
        attempt_id=attempt.id,
        amount=wanted,
        currency=attempt.paid_currency or payment.currency,
        reason=reason,
        note=note or None,
        full=_pays(attempt) and wanted == left_of(arrived, parts),
        next_check_at=now,
        traceparent=context.traceparent.get(),
        created_at=now,
    )
    repository.add_refund(session, refund)
    _update_status(session, payment, attempt)
    emit(session, news.refund_started(payment, attempt, refund))
    return refund


def _pays(attempt: PaymentAttempt) -> bool:
    return attempt.state == AttemptState.PAID


def _parts(session: Session, attempt: PaymentAttempt) -> list[RefundPart]:
    refunds = repository.list_of_attempt(session, attempt.id)
    return [RefundPart(amount=refund.amount, status=refund.status) for refund in refunds]


def _update_status(session: Session, payment: Payment, attempt: PaymentAttempt) -> None:
    if _pays(attempt) and payment.paid_amount is not None:
        session.flush()
        payment.status = status_after_refunds(payment.paid_amount, _parts(session, attempt), fits=payment.fits)


def record_provider_refunds(session: Session, *, reference: str, found: Sequence[ProviderRefund], now: datetime) -> int:
    """Take in what Paystack says of a transaction's refunds: ours move on, unknown ones are recorded as external.

    Returns:
        How many were not known before.

    Raises:
        UnknownReference: no attempt of ours has the reference.
    """
    locked = payments_repository.lock_by_reference(session, reference)
    if locked is None:
        raise UnknownReference
    payment, attempt = locked
    ours = repository.list_of_attempt(session, attempt.id)
    new = 0
    for told in found:
        known = _match(ours, told)
        refund = known or _add_external(session, payment, attempt, told, now)
        if refund is not None:
            new += known is None
            _move(session, payment, attempt, refund, told, now)
    return new


def _match(ours: Sequence[Refund], told: ProviderRefund) -> Refund | None:
    """Find our refund by Paystack's number or by the id in its note.

    One that was sent and never answered, of the same amount, matches a refund without any note: better one refund
    fewer, which an admin can add, than one too many, which nobody brings back.
    """
    for refund in ours:
        if refund.provider_id == told.refund_id or (refund.provider_id is None and told.is_of(refund.id)):
            return refund
    if told.note:
        return None
    return next((refund for refund in ours if _may_be(refund, told)), None)


def _may_be(refund: Refund, told: ProviderRefund) -> bool:
    was_sent = refund.provider_id is None and refund.resend_after is not None
    return was_sent and refund.amount == told.amount and refund.status == RefundStatus.PENDING


def _add_external(
    session: Session, payment: Payment, attempt: PaymentAttempt, told: ProviderRefund, now: datetime
) -> Refund | None:
    """Record a refund that was made in Paystack's own dashboard, and have an admin look at it."""
    if not attempt.state.settled:
        return None  # its money isn't in our ledger yet; the next look, after it is settled, finds it again
    refund = repository.add_external(session, attempt, told, now=now)
    if refund is not None and _pays(attempt):
        _update_status(session, payment, attempt)
        emit(session, news.payment_held(payment, "external_refund"))
    return refund


def _move(
    session: Session, payment: Payment, attempt: PaymentAttempt, refund: Refund, told: ProviderRefund, now: datetime
) -> None:
    """Bring a refund to the state that Paystack tells; an end stays an end, whatever comes late."""
    refund.provider_id = told.refund_id
    if refund.status.final or refund.status == told.status:
        return
    refund.status = told.status
    refund.next_check_at = None if told.status.final else now + refund_pause(now - refund.created_at)
    _update_status(session, payment, attempt)
    if told.status == RefundStatus.PROCESSED:
        full = _pays(attempt) and all_is_back(attempt.paid_amount or Decimal(0), _parts(session, attempt))
        emit(session, news.payment_refunded(payment, attempt, refund, full=full))
    elif told.status in {RefundStatus.FAILED, RefundStatus.NEEDS_ATTENTION}:
        emit(session, news.refund_failed(payment, attempt, refund))


def fail_refund(session: Session, *, reference: str, refund_id: UUID, failure: str) -> None:
    """Note that Paystack refused a refund: its amount is free again, and the admins are told."""
    locked = payments_repository.lock_by_reference(session, reference)
    refund = repository.find_refund(session, refund_id)
    if locked is None or refund is None or refund.status.final or refund.provider_id is not None:
        return
    payment, attempt = locked
    refund.status, refund.failure, refund.next_check_at = RefundStatus.FAILED, failure[:200], None
    _update_status(session, payment, attempt)
    emit(session, news.refund_failed(payment, attempt, refund))


def take_due_refunds(session: Session, *, now: datetime, lease: timedelta, limit: int) -> list[RefundTask]:
    """Return refunds that are due to be looked at; no other worker takes them while the lease lasts."""
    return repository.take_due(session, now=now, lease=lease, limit=limit)


def list_forgotten(session: Session) -> Sequence[UUID]:
    """Return refunds that began ten minutes ago, and for which Paystack has not been asked."""
    return repository.list_unasked(session, before=utcnow() - _FORGOTTEN_AFTER)


def plan_send(session: Session, *, refund_id: UUID, now: datetime, grace: timedelta) -> bool:
    """Tell whether Paystack is to be asked for this refund now; for the time of the grace nobody asks again."""
    return repository.plan_send(session, refund_id, now=now, resend_after=now + grace)


def plan_resend(session: Session, *, refund_id: UUID, after: datetime | None) -> None:
    """Note from when on Paystack may be asked for this refund again."""
    repository.set_resend(session, refund_id, after=after)


def plan_next_look(session: Session, *, refund_id: UUID, now: datetime) -> None:
    """Plan the next look at a refund that is still under way."""
    refund = repository.find_refund(session, refund_id)
    if refund is not None:
        repository.set_next_check(session, refund_id, at=now + refund_pause(now - refund.created_at))
