"""The first admin, made by a command."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from shopsite_identity.errors import EmailTaken
from shopsite_identity.repository import accounts
from shopsite_identity.service.accounts import apply_changes, register_customer


def ensure_admin(session: Session, *, email: str, make_hash: Callable[[], str], promote: bool, now: datetime) -> str:
    """Make an admin with that address, unless an account has it; tell what was done.

    Args:
        make_hash: gives the hash of a new account's password, and is asked for nothing else; what it raises goes on.
        promote: make such an account an active admin; its password stays.
    """
    existing = accounts.find_credentials(session, email)
    if existing is None:
        person = {"email": email, "first_name": "Shop", "last_name": "Admin"}
        try:
            register_customer(session, details=person, password_hash=make_hash(), role="admin", now=now)
        except EmailTaken:
            return "an account with this address was made at this moment; it stays as it is"
        return "the admin is made"
    if existing.role == "admin" and existing.is_active:
        return "there is this admin already"
    if not promote:
        return "an account with this address exists and stays as it is; --promote makes it an admin"
    locked = accounts.lock_account(session, existing.id)
    apply_changes(session, locked, {"role": "admin", "is_active": True}, now=now)
    accounts.raise_epoch(session, existing.id, now=now)
    return "the account is an admin now"
