"""SQL of the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_identity.models import Table
from shopsite_identity.repository.accounts import accounts

entries = Table.metadata.tables["audit_entries"]

_INSERT = insert(entries).on_conflict_do_nothing()


def insert_entry(session: Session, values: dict[str, Any]) -> None:
    """Insert an entry, once."""
    session.connection().execute(_INSERT, values)


def list_entries(
    session: Session, *, conditions: Sequence[ColumnElement[bool]], offset: int, limit: int
) -> tuple[int, Sequence[Any]]:
    """Return how many entries meet all conditions, and one page of them, newest first.

    Who did it is shown by the address that they have now; the log itself holds none, so erasure reaches it.
    """
    count = session.connection().execute(select(func.count()).select_from(entries).where(*conditions)).scalar_one()
    statement = (
        select(entries, accounts.c.email.label("actor_email"))
        .outerjoin(accounts, accounts.c.id == entries.c.actor_id)
        .where(*conditions)
        .order_by(entries.c.at.desc(), entries.c.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return int(count), session.connection().execute(statement).all()


def conditions_of(
    *, actor: UUID | None, action: str | None, object_: str | None, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters that were given; an object is named by its id or its kind."""
    found: list[ColumnElement[bool]] = []
    if actor is not None:
        found.append(entries.c.actor_id == actor)
    if action is not None:
        found.append(entries.c.action == action)
    if object_ is not None:
        found.append((entries.c.object_id == object_) | (entries.c.object_type == object_))
    if since is not None:
        found.append(entries.c.at >= since)
    if until is not None:
        found.append(entries.c.at <= until)
    return found
