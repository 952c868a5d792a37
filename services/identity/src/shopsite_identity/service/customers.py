"""Customers' administration: what admins do to accounts, each deed in the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common import dead_letters
from shopsite_common.audit import record_action
from shopsite_common.events import CustomerDeleted
from shopsite_common.outbox import emit
from shopsite_identity.domain import Standing, check_admin_kept, ends_sessions
from shopsite_identity.errors import CustomerNotFound, OwnAccount
from shopsite_identity.repository import accounts, credentials
from shopsite_identity.service.accounts import apply_changes, register_customer

# told with their new value in the audit log; of all others, which are personal, only that they changed
_OPEN_FIELDS = ("role", "is_active")
_GONE = Standing(role="customer", is_active=False)


def list_customers(
    session: Session,
    *,
    search: str | None,
    role: str | None,
    is_active: bool | None,
    ordering: str,
    offset: int,
    limit: int,
) -> tuple[int, Sequence[Any]]:
    """Return how many accounts there are by these filters, and one page of them."""
    conditions = accounts.conditions_of(search=search, role=role, is_active=is_active)
    return accounts.list_accounts(session, conditions=conditions, ordering=ordering, offset=offset, limit=limit)


def get_customer(session: Session, *, customer_id: UUID) -> Any:
    """Return an account.

    Raises:
        CustomerNotFound: there is none.
    """
    account = accounts.find_account(session, customer_id)
    if account is None:
        raise CustomerNotFound
    return account


def create_customer(
    session: Session,
    *,
    actor_id: UUID,
    details: dict[str, Any],
    password_hash: str,
    role: str,
    is_active: bool,
    now: datetime,
) -> Any:
    """Make an account for somebody and return it.

    Raises:
        EmailTaken: there is one with that address.
    """
    account = register_customer(
        session, details=details, password_hash=password_hash, role=role, is_active=is_active, now=now
    )
    _record(session, actor_id, "customer.create", account.id, {"role": role, "is_active": is_active})
    return account


def update_customer(
    session: Session, *, actor_id: UUID, customer_id: UUID, changes: dict[str, Any], now: datetime
) -> Any:
    """Change an account and return it. Another role or state ends its sessions.

    Raises:
        CustomerNotFound, EmailTaken, OwnAccount, LastAdmin
    """
    account, other_admins = accounts.lock_account_and_admins(session, customer_id)
    if account is None:
        raise CustomerNotFound
    before = Standing(account.role, account.is_active)
    after = Standing(changes.get("role", account.role), changes.get("is_active", account.is_active))
    check_admin_kept(before=before, after=after, own=actor_id == customer_id, other_admins=other_admins)
    changed = apply_changes(session, account, changes, now=now)
    if changed.version != account.version:
        _record(session, actor_id, "customer.update", customer_id, _told(account, changed, changes))
    if ends_sessions(before, after):
        accounts.raise_epoch(session, customer_id, now=now)
    return changed


def erase_customer(session: Session, *, actor_id: UUID, customer_id: UUID, now: datetime) -> int:
    """Take everything personal from an account, here and by event everywhere; return the account's last version.

    Raises:
        CustomerNotFound, OwnAccount, LastAdmin
    """
    account, other_admins = accounts.lock_account_and_admins(session, customer_id)
    if account is None:
        raise CustomerNotFound
    before = Standing(account.role, account.is_active)
    if actor_id == customer_id:
        raise OwnAccount  # also for somebody who is no admin any more while their token still says so
    check_admin_kept(before=before, after=_GONE, own=False, other_admins=other_admins)
    accounts.raise_epoch(session, customer_id, now=now)
    erased = accounts.erase_account(session, customer_id, now=now)
    credentials.forget_account(session, customer_id)
    accounts.forget_sent_events(session, customer_id)
    dead_letters.forget_customer(session, customer_id=customer_id)
    emit(session, CustomerDeleted(customer_id=customer_id))
    _record(session, actor_id, "customer.erase", customer_id, {})
    return int(erased.version)


def _told(before: Any, after: Any, changes: dict[str, Any]) -> dict[str, Any]:
    fields = sorted(name for name in changes if getattr(before, name) != getattr(after, name))
    return {"fields": fields} | {name: getattr(after, name) for name in fields if name in _OPEN_FIELDS}


def _record(session: Session, actor_id: UUID, action: str, customer_id: UUID, changes: dict[str, Any]) -> None:
    record_action(
        session,
        actor_id=actor_id,
        action=action,
        object_type="customer",
        object_id=customer_id,
        changes=changes,
    )
