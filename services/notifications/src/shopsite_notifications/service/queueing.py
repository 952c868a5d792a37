"""Put mails into the queue: in the transaction of the event that they tell of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.context import traceparent
from shopsite_common.ids import uuid7
from shopsite_notifications import repository
from shopsite_notifications.domain import OPTIONAL_KINDS, Kind, subject_of
from shopsite_notifications.models import Email, Recipient


def queue_email(
    session: Session,
    *,
    kind: Kind,
    customer_id: UUID,
    event_id: UUID,
    context: Mapping[str, Any],
    now: datetime,
    order_id: UUID | None = None,
) -> None:
    """Queue a mail to a customer, once an event.

    A customer of whom no event has told yet is fine: the mail waits for the address. An erased one gets no mail, nor
    does one who does not want this kind.
    """
    recipient = repository.lock_recipient(session, customer_id)
    if recipient is not None and not _wants(recipient, kind):
        return
    known = _with_number(session, order_id, context)
    address = recipient.email if recipient else None
    _insert(session, kind, customer_id, address, event_id=event_id, context=known, now=now, order_id=order_id)


def alert_admins(
    session: Session,
    *,
    kind: Kind,
    event_id: UUID,
    context: Mapping[str, Any],
    now: datetime,
    order_id: UUID | None = None,
) -> None:
    """Queue a mail to every active admin, once an event and admin."""
    known = _with_number(session, order_id, context)
    for admin in repository.lock_admins(session):
        _insert(
            session, kind, admin.customer_id, admin.email, event_id=event_id, context=known, now=now, order_id=order_id
        )


def _wants(recipient: Recipient, kind: Kind) -> bool:
    return not recipient.erased and (recipient.order_emails or kind not in OPTIONAL_KINDS)


def _with_number(session: Session, order_id: UUID | None, context: Mapping[str, Any]) -> dict[str, Any]:
    """Add the order's number where the event lacks it and an earlier mail had it; else the sender asks orders."""
    if order_id is None or "number" in context:
        return dict(context)
    number = repository.find_order_number(session, order_id)
    return {**context, **({"number": number} if number else {})}


def _insert(
    session: Session,
    kind: Kind,
    customer_id: UUID,
    address: str | None,
    *,
    event_id: UUID,
    context: dict[str, Any],
    now: datetime,
    order_id: UUID | None,
) -> None:
    email = Email(
        id=uuid7(),
        kind=kind,
        customer_id=customer_id,
        order_id=order_id,
        source_event_id=event_id,
        address=address,
        subject=subject_of(kind, context),
        context=context,
        queued_at=now,
        next_attempt_at=now,
        created_at=now,
        traceparent=traceparent.get(),
    )
    repository.insert_email(session, email)
