"""The mail log as admins see it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.audit import record_action
from shopsite_common.pagination import PageRequest
from shopsite_notifications import repository
from shopsite_notifications.domain import ERASED_ADDRESS, Kind, Status
from shopsite_notifications.errors import EmailNotFound, RecipientErased, ResetNeverResent
from shopsite_notifications.models import Email


def list_emails(
    session: Session, *, kind: Kind | None, status: Status | None, to: str | None, paging: PageRequest
) -> tuple[int, Sequence[Any]]:
    """Return how many mails match and one page of them, newest first; ``to`` is any part of the address.

    Raises:
        NotFound: there is no such page.
    """
    count, rows = repository.list_emails(
        session, kind=kind, status=status, to=to, offset=paging.offset, limit=paging.size
    )
    paging.check(count)
    return count, rows


def get_email(session: Session, *, email_id: UUID) -> tuple[Email, str]:
    """Return a mail and its recipient's first name.

    Raises:
        EmailNotFound: there is none.
    """
    found = repository.find_email(session, email_id)
    if found is None:
        raise EmailNotFound
    return found


def resend_email(session: Session, *, email_id: UUID, actor_id: UUID, now: datetime) -> None:
    """Put a mail into the queue once more; one that waits already is due now.

    Raises:
        EmailNotFound: there is none.
        ResetNeverResent: it is a password reset.
        RecipientErased: nobody is there to get it.
    """
    email, _ = get_email(session, email_id=email_id)
    if email.kind == "password_reset":
        raise ResetNeverResent
    recipient = repository.lock_recipient(session, email.customer_id)
    if email.address == ERASED_ADDRESS or (recipient is not None and recipient.erased):
        raise RecipientErased
    if repository.requeue(session, email_id=email_id, now=now) is None:
        raise EmailNotFound
    record_action(
        session,
        actor_id=actor_id,
        action="email.resend",
        object_type="email",
        object_id=email_id,
        changes={"kind": email.kind},
    )


def retry_failed(session: Session, *, now: datetime) -> int:
    """Put every failed mail into the queue again, but password resets and mails to erased accounts; return how many."""
    return repository.requeue_failed(session, now=now)
