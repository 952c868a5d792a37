"""Signing keys: published, then signing, then retired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from shopsite_identity.clients.keyring import NewKey
from shopsite_identity.domain import may_sign
from shopsite_identity.errors import NothingToActivate
from shopsite_identity.repository import keys


@dataclass(frozen=True)
class StoredKey:
    """A key that signs, its private part encrypted."""

    id: str
    private_encrypted: str


def find_signing_key(session: Session) -> StoredKey | None:
    """Return the key that signs now."""
    row = keys.find_signing_key(session)
    return StoredKey(row.id, row.private_encrypted) if row is not None else None


def install_first_key(session: Session, *, new: NewKey, now: datetime) -> StoredKey:
    """Let ``new`` sign if no key does, and return the one that signs. Of many processes at once one brings the key."""
    keys.lock_keys(session)
    found = find_signing_key(session)
    if found is not None:
        return found
    keys.insert_key(session, _values(new, now) | {"state": "signing", "signing_since": now})
    return StoredKey(new.id, new.private_encrypted)


def publish_key(session: Session, *, new: NewKey, now: datetime) -> None:
    """Show a key to all verifiers before it signs."""
    keys.lock_keys(session)
    keys.insert_key(session, _values(new, now) | {"state": "published"})


def activate_key(session: Session, *, now: datetime, at_once: bool = False) -> str:
    """Let the oldest published key sign in place of the one that does; return its id.

    Args:
        at_once: also if some verifier may not know it yet, and so refuse good tokens for half a minute.

    Raises:
        NothingToActivate: no key is published, or not for long enough.
    """
    keys.lock_keys(session)
    published = (row for row in keys.list_keys(session) if row.state == "published")
    key = next((row for row in published if at_once or may_sign(row.published_at, now)), None)
    if key is None:
        raise NothingToActivate
    keys.retire_signing_key(session, now=now)
    keys.start_signing(session, key.id, now=now)
    return str(key.id)


def replace_key(session: Session, *, new: NewKey, now: datetime) -> None:
    """Let a new key sign at once and take every other from the key set: each token made until now is void."""
    keys.lock_keys(session)
    keys.delete_all(session)
    keys.insert_key(session, _values(new, now) | {"state": "signing", "signing_since": now})


def retire_keys(session: Session, *, last_token_term: timedelta, now: datetime) -> list[str]:
    """Delete retired keys under which no token can live any more; return their ids."""
    keys.lock_keys(session)
    return keys.delete_retired(session, retired_before=now - last_token_term)


def list_keys(session: Session) -> Sequence[Any]:
    """Return every key, oldest first."""
    return keys.list_keys(session)


def list_public_keys(session: Session, *, last_token_term: timedelta, now: datetime) -> list[dict[str, Any]]:
    """Return what the key set shows."""
    return keys.list_public_keys(session, retired_after=now - last_token_term)


def _values(new: NewKey, now: datetime) -> dict[str, Any]:
    return {
        "id": new.id,
        "public_jwk": new.public_jwk,
        "private_encrypted": new.private_encrypted,
        "published_at": now,
    }
