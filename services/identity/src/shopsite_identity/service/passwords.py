"""New passwords: changed by who knows the old one, or by who holds a link."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.events import PasswordResetRequested
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_identity.clients.keyring import Keyring, secret_hash
from shopsite_identity.errors import AccountGone, InvalidResetToken, ResetNotFound
from shopsite_identity.repository import accounts, credentials


@dataclass(frozen=True)
class ResetLink:
    """Where a mail goes and what its link holds."""

    email: str
    first_name: str
    token: str
    expires_at: datetime


def get_password(session: Session, *, account_id: UUID) -> Any:
    """Return an account with its password's hash.

    Raises:
        AccountGone: it was erased or deactivated after the token was made.
    """
    account = accounts.find_password(session, account_id)
    if account is None or not account.is_active:
        raise AccountGone
    return account


def change_password(session: Session, *, account_id: UUID, epoch: int, new_hash: str, now: datetime) -> None:
    """Set a new password and end every session.

    Args:
        epoch: the session epoch in which the old password was checked.

    Raises:
        AccountGone: the account or its password changed meanwhile.
    """
    if not accounts.set_password(session, account_id=account_id, epoch=epoch, new_hash=new_hash):
        raise AccountGone
    accounts.raise_epoch(session, account_id, now=now)


def request_reset(session: Session, *, email: str, term: timedelta, now: datetime) -> None:
    """Let a link be sent to that address, if an active account has it."""
    account = accounts.find_credentials(session, email)
    if account is None or not account.is_active:
        return
    reset = {"id": uuid7(), "account_id": account.id, "session_epoch": account.session_epoch}
    credentials.insert_reset(session, reset | {"created_at": now, "expires_at": now + term})
    emit(session, PasswordResetRequested(customer_id=account.id, reset_id=reset["id"], expires_at=now + term))


def make_reset_link(session: Session, *, reset_id: UUID, keyring: Keyring, now: datetime) -> ResetLink:
    """Make a reset's link, at the moment when its mail is sent.

    Raises:
        ResetNotFound: it is used, too old, or the account changed.
    """
    token = keyring.reset_token(reset_id)
    row = credentials.set_reset_token(session, reset_id=reset_id, token_hash=secret_hash(token), now=now)
    if row is None:
        raise ResetNotFound
    return ResetLink(row.email, row.first_name, token, row.expires_at)


def get_reset_account(session: Session, *, token: str, now: datetime) -> Any:
    """Return whose password a link sets.

    Raises:
        InvalidResetToken: the link does not count.
    """
    account = credentials.find_reset(session, token_hash=secret_hash(token), now=now)
    if account is None:
        raise InvalidResetToken
    return account


def reset_password(session: Session, *, token: str, epoch: int, new_hash: str, now: datetime) -> None:
    """Use up a link, set the new password and end every session and every other link.

    Args:
        epoch: the session epoch in which the link was looked at.

    Raises:
        InvalidResetToken: the link does not count any more.
    """
    account = get_reset_account(session, token=token, now=now)
    if not credentials.spend_reset(session, token_hash=secret_hash(token), now=now):
        raise InvalidResetToken
    if not accounts.set_password(session, account_id=account.id, epoch=epoch, new_hash=new_hash):
        raise InvalidResetToken
    accounts.raise_epoch(session, account.id, now=now)
