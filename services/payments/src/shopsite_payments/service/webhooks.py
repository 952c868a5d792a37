"""Webhooks: stored as they came, worked on later, and without the person once an account is erased."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlmodel import Session

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_common.money import from_minor
from shopsite_common.outbox import emit
from shopsite_payments.domain.webhooks import DISPUTE_ENDED, DISPUTE_WON, Notice, without_person
from shopsite_payments.errors import UnknownReference
from shopsite_payments.models import Dispute
from shopsite_payments.repository import payments as payments_repository
from shopsite_payments.repository import refunds as refunds_repository
from shopsite_payments.repository import webhooks as repository
from shopsite_payments.repository.webhooks import WebhookTask
from shopsite_payments.service import news

_FORGOTTEN_AFTER = timedelta(minutes=10)


def store_webhook(session: Session, *, notice: Notice, body: bytes, now: datetime) -> UUID | None:
    """Store a webhook; return its id, or None if it is a repetition."""
    return repository.put_webhook(session, notice, body=body, now=now)


def take_webhooks(
    session: Session, *, now: datetime, lease: timedelta, limit: int, only: UUID | None = None
) -> list[WebhookTask]:
    """Return stored webhooks to work on (or the one named); no other process takes them while the lease lasts."""
    return repository.take_unprocessed(session, now=now, lease=lease, limit=limit, only=only)


def finish_webhook(session: Session, *, webhook_id: UUID, reference: str, outcome: str, now: datetime) -> None:
    """Note what came of a webhook; one about an erased customer is kept without the person."""
    repository.mark_processed(session, webhook_id, outcome=outcome, now=now)
    if reference and repository.is_of_erased_customer(session, reference):
        repository.rewrite_bodies(session, [reference], _masked)


def postpone_webhook(session: Session, *, webhook_id: UUID, reason: str, until: datetime) -> None:
    """Note why the work on a webhook could not be done, and when it is tried again."""
    repository.postpone(session, webhook_id, reason=reason, until=until)


def record_dispute(session: Session, *, notice: Notice, now: datetime) -> bool:
    """Record what a dispute's webhook says, in whatever order they come. Tell whether the dispute is new.

    A new one has an admin look at the payment; one that the shop has won sets the payment free, if nothing else
    stands against it.

    Raises:
        UnknownReference: no attempt of ours has the reference.
    """
    locked = payments_repository.lock_by_reference(session, notice.reference)
    if locked is None:
        raise UnknownReference
    payment, _ = locked
    dispute = _dispute(notice, payment.id, now)
    is_new = refunds_repository.put_dispute(session, dispute)
    won = dispute.status == DISPUTE_ENDED and dispute.resolution == DISPUTE_WON
    if is_new and not won:
        emit(session, news.payment_held(payment, "disputed"))
    elif is_new is False and won and not refunds_repository.is_contested(session, payment.id):
        emit(session, news.payment_released(payment, notice.reference))
    return bool(is_new)


def _dispute(notice: Notice, payment_id: UUID, now: datetime) -> Dispute:
    data = notice.data
    amount = data.get("refund_amount")
    return Dispute(
        provider_id=int(data["id"]),
        payment_id=payment_id,
        reference=notice.reference,
        amount=from_minor(int(amount)) if amount is not None else None,
        currency=str(data["currency"])[:3] if data.get("currency") else None,
        status=str(data.get("status", ""))[:60],
        category=str(data["category"])[:60] if data.get("category") else None,
        resolution=str(data["resolution"])[:60] if data.get("resolution") else None,
        created_at=now,
        updated_at=now,
    )


def erase_customer(session: Session, *, customer_id: UUID, now: datetime) -> None:
    """Take the person out of everything stored here about an account; its payments stay."""
    repository.add_erased(session, customer_id, now=now)
    references = payments_repository.list_references_of_customer(session, customer_id)
    repository.rewrite_bodies(session, references, _masked)
    idempotency.forget_customer(session, customer_id=customer_id)


def list_forgotten(session: Session) -> Sequence[UUID]:
    """Return webhooks that came ten minutes ago, and of which nothing has come."""
    return repository.list_unprocessed(session, before=utcnow() - _FORGOTTEN_AFTER)


def _masked(body: bytes) -> bytes:
    return orjson.dumps(without_person(orjson.loads(body)))


def delete_old_webhooks(session: Session, *, before: datetime) -> int:
    """Delete webhooks that were worked on before then."""
    return repository.delete_processed(session, before=before)
