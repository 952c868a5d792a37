"""SQL of what an account signs in and stays signed in with: token families, admin sessions, reset links, addresses.

Each of them counts only in the session epoch in which it began, so raising an account's epoch ends them all at once.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_identity.models import Table
from shopsite_identity.repository.accounts import SHOWN, accounts

_families = Table.metadata.tables["token_families"]
_tokens = Table.metadata.tables["refresh_tokens"]
_sessions = Table.metadata.tables["admin_sessions"]
_resets = Table.metadata.tables["password_resets"]
_known = Table.metadata.tables["known_addresses"]

_SEEN_PRECISION = timedelta(minutes=1)


def insert_family(session: Session, values: dict[str, Any]) -> None:
    """Insert a token family."""
    session.connection().execute(insert(_families).values(values))


def insert_token(session: Session, *, token_hash: bytes, family_id: UUID, now: datetime) -> None:
    """Insert a refresh token."""
    session.connection().execute(
        insert(_tokens).values(token_hash=token_hash, family_id=family_id, issued_at=now, spent_at=None)
    )


def spend_token(session: Session, *, token_hash: bytes, now: datetime) -> UUID | None:
    """Spend a refresh token and return its family; None if it is unknown or spent. Of many at once one succeeds."""
    statement = (
        update(_tokens)
        .where(_tokens.c.token_hash == token_hash, _tokens.c.spent_at.is_(None))
        .values(spent_at=now)
        .returning(_tokens.c.family_id)
    )
    found: UUID | None = session.connection().execute(statement).scalar_one_or_none()
    return found


def find_family_holder(session: Session, *, family_id: UUID, now: datetime) -> Any | None:
    """Return the account of a family that still counts."""
    statement = (
        select(*SHOWN)
        .join(_families, _families.c.account_id == accounts.c.id)
        .where(
            _families.c.id == family_id,
            _families.c.revoked_at.is_(None),
            _families.c.expires_at > now,
            _families.c.session_epoch == accounts.c.session_epoch,
            accounts.c.is_active,
        )
        .with_for_update(of=_families, read=True)
    )
    return session.connection().execute(statement).one_or_none()


def revoke_family_of(session: Session, *, token_hash: bytes, now: datetime) -> None:
    """End the family of a refresh token, if there is such a token."""
    family = select(_tokens.c.family_id).where(_tokens.c.token_hash == token_hash).scalar_subquery()
    statement = (
        update(_families).where(_families.c.id == family, _families.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    session.connection().execute(statement)


def insert_session(session: Session, values: dict[str, Any]) -> None:
    """Insert an admin session."""
    session.connection().execute(insert(_sessions).values(values))


def find_session_holder(session: Session, *, token_hash: bytes, now: datetime, idle: timedelta) -> Any | None:
    """Return the account of a session that still counts."""
    statement = (
        select(*SHOWN)
        .join(_sessions, _sessions.c.account_id == accounts.c.id)
        .where(
            _sessions.c.token_hash == token_hash,
            _sessions.c.expires_at > now,
            _sessions.c.seen_at > now - idle,
            _sessions.c.session_epoch == accounts.c.session_epoch,
            accounts.c.is_active,
            accounts.c.role != "customer",
        )
    )
    return session.connection().execute(statement).one_or_none()


def note_session_seen(session: Session, *, token_hash: bytes, now: datetime) -> None:
    """Note that a session is used, to the minute: it is asked for every few seconds."""
    statement = (
        update(_sessions)
        .where(_sessions.c.token_hash == token_hash, _sessions.c.seen_at < now - _SEEN_PRECISION)
        .values(seen_at=now)
    )
    session.connection().execute(statement)


def delete_session(session: Session, *, token_hash: bytes, account_id: UUID) -> None:
    """End one's own admin session."""
    statement = delete(_sessions).where(_sessions.c.token_hash == token_hash, _sessions.c.account_id == account_id)
    session.connection().execute(statement)


def insert_reset(session: Session, values: dict[str, Any]) -> None:
    """Insert a request for a new password."""
    session.connection().execute(insert(_resets).values(values))


_OPEN_RESET = (
    _resets.c.used_at.is_(None),
    _resets.c.session_epoch == accounts.c.session_epoch,
    accounts.c.is_active,
)


def set_reset_token(session: Session, *, reset_id: UUID, token_hash: bytes, now: datetime) -> Any | None:
    """Store the hash of a reset's link; return where to send it, or None if the reset doesn't count any more."""
    statement = (
        update(_resets)
        .where(
            _resets.c.id == reset_id, _resets.c.expires_at > now, accounts.c.id == _resets.c.account_id, *_OPEN_RESET
        )
        .values(token_hash=token_hash)
        .returning(accounts.c.email, accounts.c.first_name, _resets.c.expires_at)
    )
    return session.connection().execute(statement).one_or_none()


def find_reset(session: Session, *, token_hash: bytes, now: datetime) -> Any | None:
    """Return the account that a link is for, and the epoch in which it counts."""
    statement = (
        select(accounts.c.id, accounts.c.email, accounts.c.first_name, accounts.c.last_name, accounts.c.session_epoch)
        .join(_resets, _resets.c.account_id == accounts.c.id)
        .where(_resets.c.token_hash == token_hash, _resets.c.expires_at > now, *_OPEN_RESET)
    )
    return session.connection().execute(statement).one_or_none()


def spend_reset(session: Session, *, token_hash: bytes, now: datetime) -> bool:
    """Use up a link; False if somebody else has."""
    statement = (
        update(_resets)
        .where(_resets.c.token_hash == token_hash, _resets.c.used_at.is_(None), _resets.c.expires_at > now)
        .values(used_at=now)
    )
    return session.connection().execute(statement).rowcount == 1


def keep_address(session: Session, *, account_id: UUID, address_hash: bytes, now: datetime) -> None:
    """Note from where an account was signed in to."""
    values = {"account_id": account_id, "address_hash": address_hash, "seen_at": now}
    statement = insert(_known).values(values)
    on_conflict = statement.on_conflict_do_update(
        index_elements=["account_id", "address_hash"], set_={"seen_at": statement.excluded.seen_at}
    )
    session.connection().execute(on_conflict)


def find_credentials(session: Session, *, email: str, address_hash: bytes) -> Any | None:
    """Return the account with that address, in whatever case, and whether it was signed in to from there before.

    One statement, whether there is such an account or not: the time that it takes tells nothing.
    """
    here = (_known.c.account_id == accounts.c.id) & (_known.c.address_hash == address_hash)
    statement = select(*SHOWN, accounts.c.password_hash, exists().where(here).label("known")).where(
        func.lower(accounts.c.email) == func.lower(email)
    )
    return session.connection().execute(statement).one_or_none()


def forget_account(session: Session, account_id: UUID) -> None:
    """Delete everything that an account signs in with."""
    for table in (_sessions, _resets, _known, _families):
        session.connection().execute(delete(table).where(table.c.account_id == account_id))


def delete_ended(session: Session, *, now: datetime, addresses_unseen_for: timedelta) -> None:
    """Delete what has ended by itself; the tokens of a family go with it."""
    for table in (_sessions, _resets, _families):
        session.connection().execute(delete(table).where(table.c.expires_at < now))
    session.connection().execute(delete(_known).where(_known.c.seen_at < now - addresses_unseen_for))
