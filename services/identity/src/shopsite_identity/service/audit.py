"""The audit log: what staff and admins did, as every service tells it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.events import AdminActed
from shopsite_identity.repository import audit


def record_deed(session: Session, *, deed: AdminActed, service: str) -> None:
    """Keep a deed."""
    audit.insert_entry(
        session,
        {
            "id": deed.action_id,
            "service": service,
            "actor_id": deed.actor_id,
            "action": deed.action[:100],
            "object_type": deed.object_type[:50],
            "object_id": deed.object_id[:100],
            "at": deed.at,
            "changes": deed.changes,
        },
    )


def list_deeds(
    session: Session,
    *,
    actor: UUID | None,
    action: str | None,
    object_: str | None,
    since: datetime | None,
    until: datetime | None,
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Any]]:
    """Return how many deeds there are by these filters, and one page of them, newest first."""
    conditions = audit.conditions_of(actor=actor, action=action, object_=object_, since=since, until=until)
    return audit.list_entries(session, conditions=conditions, offset=offset, limit=limit)
