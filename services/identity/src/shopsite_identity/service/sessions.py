"""Admin sessions: a cookie of which only the hash is stored."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_identity.clients.keyring import new_secret, secret_hash
from shopsite_identity.errors import InvalidSession, StaffOnly
from shopsite_identity.repository import credentials
from shopsite_identity.service.signing_in import Granted, Proof, accept_proof


def open_session(session: Session, *, proof: Proof, term: timedelta, now: datetime) -> Granted | None:
    """Open a session and return its cookie's value; None if the proof is void by now.

    Raises:
        StaffOnly: the account is a customer's.
    """
    account = accept_proof(session, proof=proof, now=now)
    if account is None:
        return None
    if account.role == "customer":
        raise StaffOnly
    cookie = new_secret()
    credentials.insert_session(
        session,
        {
            "token_hash": secret_hash(cookie),
            "account_id": account.id,
            "session_epoch": account.session_epoch,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + term,
        },
    )
    return Granted(account, cookie)


def get_session_holder(session: Session, *, cookie: str, idle: timedelta, now: datetime) -> Any:
    """Return the account of a session, which thereby is in use.

    Raises:
        InvalidSession: it has ended, or never was.
    """
    token_hash = secret_hash(cookie)
    account = credentials.find_session_holder(session, token_hash=token_hash, now=now, idle=idle)
    if account is None:
        raise InvalidSession
    credentials.note_session_seen(session, token_hash=token_hash, now=now)
    return account


def close_session(session: Session, *, cookie: str, account_id: UUID) -> None:
    """Sign out."""
    credentials.delete_session(session, token_hash=secret_hash(cookie), account_id=account_id)
