"""Raw webhooks and erased customers in the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from shopsite_common import context
from shopsite_common.ids import uuid7
from shopsite_payments.domain.webhooks import Notice
from shopsite_payments.models import ErasedCustomer, Payment, PaymentAttempt, RawWebhook


@dataclass(frozen=True, kw_only=True)
class WebhookTask:
    """A stored webhook that is to be worked on."""

    webhook_id: UUID
    body: bytes
    tries: int
    traceparent: str


def put_webhook(session: Session, notice: Notice, *, body: bytes, now: datetime) -> UUID | None:
    """Store a webhook; return its id, or None if the same one is stored and there is nothing to do about it.

    A repeated hint is looked at once more: equal hints may mean different things.
    """
    statement = insert(RawWebhook).values(
        id=uuid7(),
        event=notice.event,
        key=notice.key,
        reference=notice.reference,
        body=body,
        received_at=now,
        next_try_at=now,
        tries=0,
        traceparent=context.traceparent.get(),
    )
    if notice.is_hint:
        again = {"processed_at": None, "next_try_at": now, "tries": 0, "traceparent": statement.excluded.traceparent}
        statement = statement.on_conflict_do_update(index_elements=["event", "key"], set_=again)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=["event", "key"])
    found: UUID | None = session.connection().execute(statement.returning(col(RawWebhook.id))).scalar()
    return found


_TAKE = text("""
    UPDATE raw_webhooks SET next_try_at = CAST(:now AS timestamptz) + :lease, tries = tries + 1
    WHERE processed_at IS NULL AND id IN (
        SELECT id FROM raw_webhooks
        WHERE processed_at IS NULL AND next_try_at <= :now AND (CAST(:only AS uuid) IS NULL OR id = :only)
        ORDER BY next_try_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING id AS webhook_id, body, tries, traceparent
""")


def take_unprocessed(
    session: Session, *, now: datetime, lease: timedelta, limit: int, only: UUID | None = None
) -> list[WebhookTask]:
    """Return webhooks to work on; for the time of the lease no other process takes them."""
    values = {"now": now, "lease": lease, "limit": limit, "only": only}
    rows = session.connection().execute(_TAKE, values).all()
    return [
        WebhookTask(webhook_id=row.webhook_id, body=bytes(row.body), tries=row.tries, traceparent=row.traceparent)
        for row in rows
    ]


def mark_processed(session: Session, webhook_id: UUID, *, outcome: str, now: datetime) -> None:
    """Note that the work is done, and what came of it."""
    statement = update(RawWebhook).where(col(RawWebhook.id) == webhook_id)
    session.connection().execute(statement.values(processed_at=now, outcome=outcome[:200]))


def postpone(session: Session, webhook_id: UUID, *, reason: str, until: datetime) -> None:
    """Note why the work could not be done, and when it is tried again."""
    statement = update(RawWebhook).where(col(RawWebhook.id) == webhook_id)
    session.connection().execute(statement.values(next_try_at=until, outcome=reason[:200]))


def list_unprocessed(session: Session, *, before: datetime) -> Sequence[UUID]:
    """Return the ids of webhooks that came before then and were not worked on."""
    waiting = (col(RawWebhook.processed_at).is_(None), col(RawWebhook.received_at) < before)
    return session.execute(select(col(RawWebhook.id)).where(*waiting)).scalars().all()


def rewrite_bodies(session: Session, references: Sequence[str], rewrite: Callable[[bytes], bytes]) -> int:
    """Replace the bodies of every webhook about these transactions; return how many."""
    statement = select(col(RawWebhook.id), col(RawWebhook.body)).where(col(RawWebhook.reference).in_(references))
    rows = session.execute(statement.with_for_update()).all()
    for webhook_id, body in rows:
        change = update(RawWebhook).where(col(RawWebhook.id) == webhook_id).values(body=rewrite(bytes(body)))
        session.connection().execute(change)
    return len(rows)


def delete_processed(session: Session, *, before: datetime, limit: int = 5000) -> int:
    """Delete webhooks that were worked on long ago; return how many."""
    old = select(col(RawWebhook.id)).where(col(RawWebhook.processed_at) < before).limit(limit)
    return session.connection().execute(delete(RawWebhook).where(col(RawWebhook.id).in_(old))).rowcount


def add_erased(session: Session, customer_id: UUID, *, now: datetime) -> None:
    """Note that an account was erased."""
    statement = insert(ErasedCustomer).values(customer_id=customer_id, erased_at=now).on_conflict_do_nothing()
    session.connection().execute(statement)


def is_of_erased_customer(session: Session, reference: str) -> bool:
    """Tell whether a transaction was made by an account that is erased."""
    statement = (
        select(col(ErasedCustomer.customer_id))
        .join(Payment, col(Payment.customer_id) == col(ErasedCustomer.customer_id))
        .join(PaymentAttempt, col(PaymentAttempt.payment_id) == col(Payment.id))
        .where(col(PaymentAttempt.reference) == reference)
    )
    return session.execute(statement).first() is not None
