"""All SQL of notifications. Writes are guards: what a statement did not change was not this caller's to change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, func, select, update

from shopsite_notifications.domain import ERASED_ADDRESS, OPTIONAL_KINDS
from shopsite_notifications.models import Email, Recipient

Record = Row[*tuple[Any, ...]]
"""A row of a statement, by column name."""

_OPTIONAL = tuple(OPTIONAL_KINDS)


def upsert_recipient(session: Session, values: Mapping[str, Any]) -> bool:
    """Write a recipient's state unless a newer one is known; False if this one was too old."""
    statement = insert(Recipient).values(**values)
    changes = {name: statement.excluded[name] for name in values if name != "customer_id"}
    statement = statement.on_conflict_do_update(
        index_elements=["customer_id"],
        set_=changes,
        where=(col(Recipient.sequence) < statement.excluded.sequence) & ~col(Recipient.erased),
    )
    return session.connection().execute(statement).rowcount == 1


def erase_recipient(session: Session, *, customer_id: UUID, sequence: int) -> None:
    """Leave only the id of an account, and its address nowhere in the log; what is not sent yet never is."""
    bare = {"email": None, "first_name": "", "role": "customer", "is_active": False, "erased": True}
    row = {**bare, "order_emails": False, "marketing_emails": False, "sequence": sequence}
    statement = insert(Recipient).values(customer_id=customer_id, **row)
    session.exec(statement.on_conflict_do_update(index_elements=["customer_id"], set_=row))
    theirs = col(Email.customer_id) == customer_id
    session.exec(delete(Email).where(theirs, col(Email.status) == "PENDING"))
    session.exec(update(Email).where(theirs).values(address=ERASED_ADDRESS, error=None))


def lock_recipient(session: Session, customer_id: UUID) -> Recipient | None:
    """Return a recipient who cannot be erased before the transaction ends."""
    statement = select(Recipient).where(Recipient.customer_id == customer_id).with_for_update(read=True)
    return session.exec(statement).one_or_none()


def lock_admins(session: Session) -> Sequence[Recipient]:
    """Return every active admin; none can be erased before the transaction ends."""
    statement = (
        select(Recipient)
        .where(Recipient.role == "admin", col(Recipient.is_active), col(Recipient.email).is_not(None))
        .order_by(col(Recipient.customer_id))
        .with_for_update(read=True)
    )
    return session.exec(statement).all()


def insert_email(session: Session, email: Email) -> bool:
    """Put a mail into the queue; False if this event, or this order's cancellation, has had its mail."""
    statement = insert(Email).values(**email.model_dump()).on_conflict_do_nothing()
    return session.connection().execute(statement).rowcount == 1


def find_order_number(session: Session, order_id: UUID) -> str | None:
    """Return an order's number as an earlier mail about it tells it."""
    statement = text(
        "SELECT context->>'number' FROM emails WHERE order_id = :order_id AND context ? 'number' ORDER BY id LIMIT 1"
    )
    number: str | None = session.connection().execute(statement, {"order_id": order_id}).scalar()
    return number


_CLAIM = text("""
    WITH due AS (
        SELECT e.id, r.email, r.first_name
        FROM emails e LEFT JOIN recipients r ON r.customer_id = e.customer_id
        WHERE e.status = 'PENDING' AND e.next_attempt_at <= :now AND (e.leased_until IS NULL OR e.leased_until <= :now)
            AND (r.email IS NOT NULL OR e.kind = 'password_reset')
            AND NOT (e.kind = ANY(:optional) AND e.address IS NULL AND NOT r.order_emails)
        ORDER BY e.next_attempt_at, e.id LIMIT :limit
        FOR UPDATE OF e SKIP LOCKED
    )
    UPDATE emails e
    SET leased_until = :until, address = COALESCE(due.email, e.address),
        message_id = COALESCE(e.message_id, '<' || e.id || '.' || e.resends || '@' || :domain || '>')
    FROM due WHERE e.id = due.id
    RETURNING e.id, e.kind, e.order_id, e.subject, e.context, e.message_id, e.traceparent, due.email AS address,
        due.first_name
""")


def claim_due(session: Session, *, now: datetime, until: datetime, limit: int, domain: str) -> Sequence[Record]:
    """Lease the oldest due mails whose address is known until ``until``; others pass them by meanwhile."""
    values = {"now": now, "until": until, "limit": limit, "domain": domain, "optional": list(_OPTIONAL)}
    return session.connection().execute(_CLAIM, values).all()


def release(session: Session, ids: Sequence[UUID]) -> None:
    """Give up the lease of mails that were not tried."""
    statement = update(Email).where(col(Email.id).in_(ids), col(Email.status) == "PENDING")
    session.exec(statement.values(leased_until=None))


def mark_sent(session: Session, *, email_id: UUID, now: datetime) -> Record | None:
    """Note that the mail server took a mail; None if that is known, or the mail is gone."""
    changes = {"status": "SENT", "sent_at": now, "leased_until": None, "error": None}
    return _settle(session, email_id, changes)


def mark_failed(session: Session, *, email_id: UUID, error: str) -> Record | None:
    """Note that a mail is given up; None if it is no longer pending."""
    return _settle(session, email_id, {"status": "FAILED", "leased_until": None, "error": error})


def _settle(session: Session, email_id: UUID, changes: dict[str, Any]) -> Record | None:
    statement = (
        update(Email)
        .where(col(Email.id) == email_id, col(Email.status) == "PENDING")
        .values(attempts=col(Email.attempts) + 1, **changes)
        .returning(col(Email.id), col(Email.kind), col(Email.customer_id), col(Email.order_id))
    )
    return session.connection().execute(statement).one_or_none()


def lock_pending(session: Session, ids: Sequence[UUID]) -> Sequence[Record]:
    """Lock those of the mails that are pending and return ``id, attempts, queued_at``, in the order of their ids."""
    statement = (
        select(Email.id, Email.attempts, Email.queued_at)
        .where(col(Email.id).in_(ids), Email.status == "PENDING")
        .order_by(col(Email.id))
        .with_for_update()
    )
    return session.connection().execute(statement).all()


def postpone(session: Session, *, email_id: UUID, error: str, next_attempt_at: datetime) -> None:
    """Note a failed attempt and when the next one may be."""
    statement = update(Email).where(col(Email.id) == email_id, col(Email.status) == "PENDING")
    changes = {"error": error, "next_attempt_at": next_attempt_at, "leased_until": None}
    session.exec(statement.values(attempts=col(Email.attempts) + 1, **changes))


def requeue(session: Session, *, email_id: UUID, now: datetime) -> Record | None:
    """Put a mail into the queue again, under a new Message-ID if it was sent or given up; None if there is none.

    A lease stays as it is: a mail that is being sent at this moment is not sent twice.
    """
    statement = text("""
        UPDATE emails SET next_attempt_at = :now, queued_at = :now, status = 'PENDING', sent_at = NULL, error = NULL,
            resends = CASE status WHEN 'PENDING' THEN resends ELSE resends + 1 END,
            message_id = CASE status WHEN 'PENDING' THEN message_id END
        WHERE id = :id RETURNING id, kind, order_id
    """)
    return session.connection().execute(statement, {"id": email_id, "now": now}).one_or_none()


def requeue_failed(session: Session, *, now: datetime) -> int:
    """Put every failed mail whose recipient still exists into the queue again; return how many."""
    statement = text("""
        UPDATE emails SET next_attempt_at = :now, queued_at = :now, status = 'PENDING', error = NULL,
            resends = resends + 1, message_id = NULL
        WHERE status = 'FAILED' AND kind <> 'password_reset'
            AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.customer_id = emails.customer_id AND r.erased)
    """)
    return session.connection().execute(statement, {"now": now}).rowcount


def delete_unwanted(session: Session) -> int:
    """Delete pending mails to erased accounts, and optional ones whose recipient turned out not to want them."""
    statement = text("""
        DELETE FROM emails e USING recipients r
        WHERE r.customer_id = e.customer_id AND e.status = 'PENDING'
            AND (r.erased OR (e.kind = ANY(:optional) AND e.address IS NULL AND NOT r.order_emails))
    """)
    return session.connection().execute(statement, {"optional": list(_OPTIONAL)}).rowcount


def list_overdue_without_address(session: Session, *, queued_before: datetime, limit: int) -> Sequence[UUID]:
    """Return pending mails whose recipient nobody ever told of."""
    known = select(Recipient.customer_id).where(Recipient.customer_id == Email.customer_id).exists()
    statement = select(Email.id).where(
        Email.status == "PENDING", Email.kind != "password_reset", Email.queued_at < queued_before, ~known
    )
    return session.exec(statement.order_by(col(Email.id)).limit(limit)).all()


def list_untried(session: Session, *, due_before: datetime) -> Sequence[UUID]:
    """Return the ids of pending mails that were due before then, and that no process holds."""
    free = col(Email.leased_until).is_(None) | (col(Email.leased_until) < due_before)
    statement = select(Email.id).where(Email.status == "PENDING", Email.next_attempt_at < due_before, free)
    return session.exec(statement.order_by(col(Email.id))).all()


def count_pending(session: Session) -> int:
    """Return how many mails wait."""
    statement = select(func.count()).select_from(Email).where(Email.status == "PENDING")
    return session.exec(statement).one()


def oldest_pending(session: Session) -> datetime | None:
    """Return since when the mail has waited that waits longest."""
    return session.exec(select(func.min(Email.queued_at)).where(Email.status == "PENDING")).one()


def count_failed(session: Session) -> int:
    """Return how many mails were given up."""
    return session.exec(select(func.count()).select_from(Email).where(Email.status == "FAILED")).one()


def list_emails(
    session: Session, *, kind: str | None, status: str | None, to: str | None, offset: int, limit: int
) -> tuple[int, Sequence[Record]]:
    """Return how many mails match, and one page of them, newest first."""
    given = [col(Email.kind) == kind] if kind else []
    given += [col(Email.status) == status] if status else []
    given += [col(Email.address).icontains(to, autoescape=True)] if to else []
    count = session.exec(select(func.count()).select_from(Email).where(*given)).one()
    statement = _public(*given).order_by(col(Email.id).desc()).offset(offset).limit(limit)
    return count, session.connection().execute(statement).all()


def _public(*conditions: Any) -> Any:
    columns = (Email.id, Email.kind, Email.address, Email.subject, Email.status, Email.attempts, Email.sent_at)
    return select(*columns, Email.created_at).where(*conditions)  # type: ignore[call-overload]  # overloads end at four


def find_email(session: Session, email_id: UUID) -> tuple[Email, str] | None:
    """Return a mail and its recipient's first name, which may be empty."""
    statement = (
        select(Email, func.coalesce(Recipient.first_name, ""))
        .outerjoin(Recipient, col(Recipient.customer_id) == col(Email.customer_id))
        .where(Email.id == email_id)
    )
    row = session.exec(statement).one_or_none()
    return (row[0], row[1]) if row else None
