"""SQL of signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, text, update
from sqlmodel import Session

from shopsite_identity.models import Table

_keys = Table.metadata.tables["signing_keys"]
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' signing keys', 0))")


def lock_keys(session: Session) -> None:
    """Let one transaction at a time change which key signs."""
    session.connection().execute(_LOCK)


def insert_key(session: Session, values: dict[str, Any]) -> None:
    """Insert a key."""
    session.connection().execute(insert(_keys).values(values))


def list_keys(session: Session) -> Sequence[Any]:
    """Return every key, oldest first."""
    return session.connection().execute(select(_keys).order_by(_keys.c.published_at, _keys.c.id)).all()


def list_public_keys(session: Session, *, retired_after: datetime) -> list[dict[str, Any]]:
    """Return the public part of each key whose tokens may still be about."""
    living = or_(_keys.c.retired_at.is_(None), _keys.c.retired_at > retired_after)
    statement = select(_keys.c.public_jwk).where(living).order_by(_keys.c.published_at, _keys.c.id)
    return list(session.connection().execute(statement).scalars())


def find_signing_key(session: Session) -> Any | None:
    """Return the key that signs now."""
    return session.connection().execute(select(_keys).where(_keys.c.state == "signing")).one_or_none()


def retire_signing_key(session: Session, *, now: datetime) -> None:
    """Let the key that signs now sign no more; its private part is forgotten."""
    statement = (
        update(_keys).where(_keys.c.state == "signing").values(state="retired", retired_at=now, private_encrypted=None)
    )
    session.connection().execute(statement)


def start_signing(session: Session, key_id: str, *, now: datetime) -> None:
    """Let a published key sign."""
    statement = update(_keys).where(_keys.c.id == key_id).values(state="signing", signing_since=now)
    session.connection().execute(statement)


def delete_retired(session: Session, *, retired_before: datetime) -> list[str]:
    """Delete retired keys and return their ids."""
    statement = delete(_keys).where(_keys.c.retired_at <= retired_before).returning(_keys.c.id)
    return list(session.connection().execute(statement).scalars())


def delete_all(session: Session) -> None:
    """Delete every key."""
    session.connection().execute(delete(_keys))
