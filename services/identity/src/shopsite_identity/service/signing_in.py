"""Signing in and staying signed in: token families and their refresh tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.ids import uuid7
from shopsite_identity.clients.keyring import new_secret, secret_hash
from shopsite_identity.repository import accounts, credentials


@dataclass(frozen=True)
class Proof:
    """A password that was checked outside of any transaction.

    Attributes:
        checked_hash: what it was checked against: if the account has another one by now, the proof is void.
        new_hash: what to store, the same or one with today's parameters.
        address_hash: where it came from.
    """

    account_id: UUID
    checked_hash: str
    new_hash: str
    address_hash: bytes


@dataclass(frozen=True)
class Granted:
    """An account and the refresh token that was made for it."""

    account: Any
    refresh: str


def get_credentials(session: Session, *, email: str, address_hash: bytes) -> tuple[Any | None, bool]:
    """Return the account with that address, and whether it was signed in to from there before."""
    account = credentials.find_credentials(session, email=email, address_hash=address_hash)
    return account, account is not None and account.known


def accept_proof(session: Session, *, proof: Proof, now: datetime) -> Any | None:
    """Note a sign-in and return the account; None if the password or the account's state changed meanwhile."""
    account = accounts.note_sign_in(
        session, account_id=proof.account_id, checked_hash=proof.checked_hash, new_hash=proof.new_hash, now=now
    )
    if account is not None:
        credentials.keep_address(session, account_id=account.id, address_hash=proof.address_hash, now=now)
    return account


def sign_in(session: Session, *, proof: Proof, term: timedelta, now: datetime) -> Granted | None:
    """Begin a token family; None if the proof is void by now."""
    account = accept_proof(session, proof=proof, now=now)
    if account is None:
        return None
    family_id = uuid7()
    credentials.insert_family(
        session,
        {
            "id": family_id,
            "account_id": account.id,
            "session_epoch": account.session_epoch,
            "created_at": now,
            "expires_at": now + term,
        },
    )
    return Granted(account, _new_token(session, family_id, now))


def rotate_tokens(session: Session, *, refresh: str, now: datetime) -> Granted | None:
    """Spend a refresh token for the next one.

    Returns None if it does not count. One that was spent before is a sign that somebody copied it: then the whole
    family ends, and that must be committed, so it is no exception.
    """
    token_hash = secret_hash(refresh)
    family_id = credentials.spend_token(session, token_hash=token_hash, now=now)
    if family_id is None:
        credentials.revoke_family_of(session, token_hash=token_hash, now=now)
        return None
    account = credentials.find_family_holder(session, family_id=family_id, now=now)
    if account is None:
        return None
    return Granted(account, _new_token(session, family_id, now))


def revoke_tokens(session: Session, *, refresh: str, now: datetime) -> None:
    """Sign out: end the family of a refresh token; one that nobody knows is ended already."""
    credentials.revoke_family_of(session, token_hash=secret_hash(refresh), now=now)


def list_revocations(session: Session, *, since: datetime) -> dict[UUID, int]:
    """Return which accounts' older tokens stopped to count since then, with the epoch that counts now."""
    return accounts.list_revocations(session, since=since)


def delete_ended(session: Session, *, now: datetime, addresses_unseen_for: timedelta) -> None:
    """Delete families, sessions and links that have ended, and addresses that nobody came from for long."""
    credentials.delete_ended(session, now=now, addresses_unseen_for=addresses_unseen_for)


def _new_token(session: Session, family_id: UUID, now: datetime) -> str:
    refresh = new_secret()
    credentials.insert_token(session, token_hash=secret_hash(refresh), family_id=family_id, now=now)
    return refresh
