"""Take mails from the queue and write down what became of them. The sending itself happens between transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import EmailFailed, EmailSent
from shopsite_common.outbox import emit
from shopsite_notifications import repository
from shopsite_notifications.domain import Kind, has_failed, pause_after, without_addresses

_SWEEP = 500
_FORGOTTEN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class DueEmail:
    """A mail that this process may send now. ``address`` is unknown only for a password reset: identity tells it."""

    id: UUID
    kind: Kind
    order_id: UUID | None
    subject: str
    context: dict[str, Any]
    message_id: str
    traceparent: str
    address: str | None
    first_name: str


def claim_emails(session: Session, *, now: datetime, lease: timedelta, limit: int, domain: str) -> list[DueEmail]:
    """Lease due mails, oldest first; a process that dies loses them to others at the lease's end.

    Args:
        domain: the right side of a new Message-ID, which stays the mail's own at every attempt.
    """
    rows = repository.claim_due(session, now=now, until=now + lease, limit=limit, domain=domain)
    due = [
        DueEmail(
            id=row.id,
            kind=row.kind,
            order_id=row.order_id,
            subject=row.subject,
            context=row.context,
            message_id=row.message_id,
            traceparent=row.traceparent,
            address=row.address,
            first_name=row.first_name or "",
        )
        for row in rows
    ]
    return sorted(due, key=lambda email: email.id)


def release_emails(session: Session, *, ids: Sequence[UUID]) -> None:
    """Give back mails that were not tried."""
    repository.release(session, ids)


def record_sent(session: Session, *, email_id: UUID, now: datetime) -> None:
    """Note that the mail server took a mail, and tell the others; a second time changes nothing."""
    row = repository.mark_sent(session, email_id=email_id, now=now)
    if row is not None:
        emit(session, EmailSent(email_id=row.id, kind=row.kind, customer_id=row.customer_id, order_id=row.order_id))


def record_failure(
    session: Session, *, email_id: UUID, error: str, now: datetime, deadline: timedelta, permanent: bool = False
) -> None:
    """Note a failed attempt: the mail rests a while, or is given up if that is for good or its deadline has passed."""
    for row in repository.lock_pending(session, [email_id]):
        if has_failed(queued_at=row.queued_at, now=now, deadline=deadline, permanent=permanent):
            _give_up(session, row.id, error)
        else:
            later = now + pause_after(row.attempts + 1)
            repository.postpone(session, email_id=row.id, error=without_addresses(error), next_attempt_at=later)


def record_outage(session: Session, *, ids: Sequence[UUID], error: str, now: datetime, deadline: timedelta) -> None:
    """Note that the mail server was not there for these mails: they are due again as soon as it is."""
    for row in repository.lock_pending(session, ids):
        if has_failed(queued_at=row.queued_at, now=now, deadline=deadline, permanent=False):
            _give_up(session, row.id, error)
        else:
            repository.postpone(session, email_id=row.id, error=without_addresses(error), next_attempt_at=now)


def drop_undeliverable(session: Session, *, now: datetime, deadline: timedelta) -> int:
    """Drop what nobody is to get, give up what waited for an unknown recipient too long; return how many still wait."""
    repository.delete_unwanted(session)
    for email_id in repository.list_overdue_without_address(session, queued_before=now - deadline, limit=_SWEEP):
        _give_up(session, email_id, "The recipient is not known.")
    return repository.count_pending(session)


def measure_emails(session: Session, *, now: datetime) -> tuple[int, timedelta, int]:
    """Return how many mails wait, for how long the oldest has, and how many were given up."""
    oldest = repository.oldest_pending(session)
    waited = now - oldest if oldest else timedelta(0)
    return repository.count_pending(session), waited, repository.count_failed(session)


def list_forgotten(session: Session) -> Sequence[UUID]:
    """Return mails that were due ten minutes ago, and that nobody has tried to send since."""
    return repository.list_untried(session, due_before=utcnow() - _FORGOTTEN_AFTER)


def _give_up(session: Session, email_id: UUID, error: str) -> None:
    reason = without_addresses(error)
    row = repository.mark_failed(session, email_id=email_id, error=reason)
    if row is not None:
        about = {"email_id": row.id, "kind": row.kind, "customer_id": row.customer_id, "order_id": row.order_id}
        emit(session, EmailFailed.model_validate({**about, "error": reason}))
