"""Accounts: signing up, one's own profile, and what others are told of a change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shopsite_common.events import CustomerRegistered, CustomerUpdated, Preferences
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_identity.errors import AccountGone, EmailTaken
from shopsite_identity.models import UNIQUE_EMAIL
from shopsite_identity.repository import accounts

BATCH = 200


def register_customer(
    session: Session,
    *,
    details: dict[str, Any],
    password_hash: str,
    now: datetime,
    role: str = "customer",
    is_active: bool = True,
) -> Any:
    """Make an account and return it.

    Args:
        details: what was said of the person: address, names and so on.

    Raises:
        EmailTaken: there is one with that address.
    """
    values = details | {
        "id": uuid7(),
        "password_hash": password_hash,
        "role": role,
        "is_active": is_active,
        "preferences": Preferences().model_dump() | details.get("preferences", {}),
        "session_epoch": 1,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    account = accounts.insert_account(session, values)
    if account is None:
        raise EmailTaken
    emit(session, CustomerRegistered(**state_of(account)))
    return account


def get_profile(session: Session, *, customer_id: UUID) -> Any:
    """Return an account for whoever holds its token.

    Raises:
        AccountGone: it was erased after the token was made.
    """
    account = accounts.find_account(session, customer_id)
    if account is None:
        raise AccountGone
    return account


def update_profile(session: Session, *, customer_id: UUID, changes: dict[str, Any], now: datetime) -> Any:
    """Change what customers may change of themself, and return the account.

    Raises:
        AccountGone: it was erased after the token was made.
    """
    account = accounts.lock_account(session, customer_id)
    if account is None:
        raise AccountGone
    return apply_changes(session, account, changes, now=now)


def apply_changes(session: Session, account: Any, changes: dict[str, Any], *, now: datetime) -> Any:
    """Write those changes of a locked account that change something, tell others, and return it as it is then.

    Raises:
        EmailTaken: another account has the new address.
    """
    wanted = dict(changes)
    if "preferences" in wanted:
        wanted["preferences"] = account.preferences | wanted["preferences"]
    different = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    if not different:
        return account
    try:
        changed = accounts.change_account(session, account.id, different, now=now)
    except IntegrityError as error:
        if UNIQUE_EMAIL in str(error.orig):
            raise EmailTaken from error
        raise
    emit(session, CustomerUpdated(**state_of(changed)))
    return changed


def republish_customers(session: Session, *, after: UUID | None) -> UUID | None:
    """Tell of a batch of accounts anew, so that copies can be rebuilt; return the last one's id, None at the end."""
    batch = accounts.list_after(session, after, limit=BATCH)
    emit(session, *(CustomerUpdated(**state_of(account)) for account in batch))
    return batch[-1].id if batch else None


def list_changed_profiles(session: Session) -> Sequence[Any]:
    """Return a batch of accounts whose cached profile may be old."""
    return accounts.list_profile_changes(session, limit=BATCH)


def forget_changed_profiles(session: Session, *, ids: Sequence[int]) -> None:
    """Note that those cached profiles are renewed."""
    accounts.delete_profile_changes(session, ids)


def state_of(account: Any) -> dict[str, Any]:
    """Return what others are told of an account."""
    return {
        "customer_id": account.id,
        "email": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "role": account.role,
        "is_active": account.is_active,
        "preferences": account.preferences,
    }
