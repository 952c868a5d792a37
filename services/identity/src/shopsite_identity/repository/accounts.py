"""SQL of accounts. An erased one is found by nothing here but the feed of revocations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session

from shopsite_common.outbox import outbox
from shopsite_identity.models import Table

accounts = Table.metadata.tables["accounts"]
_changes = Table.metadata.tables["profile_changes"]

SHOWN = (
    accounts.c.id,
    accounts.c.email,
    accounts.c.first_name,
    accounts.c.last_name,
    accounts.c.phone_number,
    accounts.c.date_of_birth,
    accounts.c.role,
    accounts.c.is_active,
    accounts.c.preferences,
    accounts.c.session_epoch,
    accounts.c.version,
    accounts.c.last_login,
    accounts.c.created_at,
    accounts.c.updated_at,
)
_LIVING = accounts.c.erased_at.is_(None)
_ADMIN = (accounts.c.role == "admin") & accounts.c.is_active
_ORDER = {
    "created_at": accounts.c.created_at,
    "email": func.lower(accounts.c.email),
    "first_name": accounts.c.first_name,
    "last_name": accounts.c.last_name,
    "last_login": accounts.c.last_login,
}


def insert_account(session: Session, values: dict[str, Any]) -> Any | None:
    """Insert an account and return it; None if the address is taken. The unique index decides."""
    statement = (
        upsert(accounts).values(values).on_conflict_do_nothing(index_elements=[text("lower(email)")]).returning(*SHOWN)
    )
    return session.connection().execute(statement).one_or_none()


def find_account(session: Session, account_id: UUID) -> Any | None:
    """Return an account."""
    statement = select(*SHOWN).where(accounts.c.id == account_id, _LIVING)
    return session.connection().execute(statement).one_or_none()


def lock_account(session: Session, account_id: UUID) -> Any | None:
    """Return an account, locked until the commit."""
    statement = select(*SHOWN).where(accounts.c.id == account_id, _LIVING).with_for_update()
    return session.connection().execute(statement).one_or_none()


def lock_account_and_admins(session: Session, account_id: UUID) -> tuple[Any | None, int]:
    """Lock an account and all active admins, in the order of their ids; return it, and how many other admins there are.

    Whoever takes an admin from the shop does this first, so two who want to take the last two wait for each other.
    """
    statement = (
        select(*SHOWN).where((accounts.c.id == account_id) | _ADMIN, _LIVING).order_by(accounts.c.id).with_for_update()
    )
    rows = session.connection().execute(statement).all()
    found = next((row for row in rows if row.id == account_id), None)
    return found, sum(1 for row in rows if row.id != account_id)


def find_credentials(session: Session, email: str) -> Any | None:
    """Return the id, hash and state of the account with that address, in whatever case."""
    columns = (*SHOWN, accounts.c.password_hash)
    statement = select(*columns).where(func.lower(accounts.c.email) == func.lower(email))
    return session.connection().execute(statement).one_or_none()


def find_password(session: Session, account_id: UUID) -> Any | None:
    """Return what is needed to check and to change a password."""
    statement = select(*SHOWN, accounts.c.password_hash).where(accounts.c.id == account_id, _LIVING)
    return session.connection().execute(statement).one_or_none()


def note_sign_in(session: Session, *, account_id: UUID, checked_hash: str, new_hash: str, now: datetime) -> Any | None:
    """Note a sign-in with a password that was checked outside; None if it is another one or inactive by now."""
    statement = (
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.password_hash == checked_hash, accounts.c.is_active, _LIVING)
        .values(last_login=now, password_hash=new_hash)
        .returning(*SHOWN)
    )
    return session.connection().execute(statement).one_or_none()


def change_account(session: Session, account_id: UUID, values: dict[str, Any], *, now: datetime) -> Any:
    """Change a locked account and return it."""
    statement = (
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(**values, version=accounts.c.version + 1, updated_at=now)
        .returning(*SHOWN)
    )
    row = session.connection().execute(statement).one()
    session.connection().execute(insert(_changes).values(account_id=account_id))
    return row


def raise_epoch(session: Session, account_id: UUID, *, now: datetime) -> int:
    """End every session, token and reset link of an account; return the epoch that counts from now on."""
    statement = (
        update(accounts)
        .where(accounts.c.id == account_id)
        .values(session_epoch=accounts.c.session_epoch + 1, epoch_changed_at=now)
        .returning(accounts.c.session_epoch)
    )
    return int(session.connection().execute(statement).scalar_one())


def set_password(session: Session, *, account_id: UUID, epoch: int, new_hash: str) -> bool:
    """Set a new password, if the account still is in the epoch in which that was allowed."""
    statement = (
        update(accounts)
        .where(accounts.c.id == account_id, accounts.c.session_epoch == epoch, accounts.c.is_active, _LIVING)
        .values(password_hash=new_hash)
    )
    return session.connection().execute(statement).rowcount == 1


def erase_account(session: Session, account_id: UUID, *, now: datetime) -> Any:
    """Take everything personal from an account."""
    nothing: dict[str, Any] = {
        "email": None,
        "first_name": "",
        "last_name": "",
        "phone_number": None,
        "date_of_birth": None,
        "password_hash": None,
        "is_active": False,
        "preferences": {},
        "last_login": None,
        "erased_at": now,
    }
    return change_account(session, account_id, nothing, now=now)


def forget_sent_events(session: Session, account_id: UUID) -> None:
    """Delete what the outbox keeps of events about an account that have long gone out."""
    statement = delete(outbox).where(outbox.c.subject == str(account_id), outbox.c.sent_at.is_not(None))
    session.connection().execute(statement)


def list_revocations(session: Session, *, since: datetime) -> dict[UUID, int]:
    """Return the lowest epoch that counts, of each account whose epoch rose since then."""
    statement = select(accounts.c.id, accounts.c.session_epoch).where(accounts.c.epoch_changed_at >= since)
    return {row.id: row.session_epoch for row in session.connection().execute(statement)}


def list_accounts(
    session: Session, *, conditions: Sequence[ColumnElement[bool]], ordering: str, offset: int, limit: int
) -> tuple[int, Sequence[Any]]:
    """Return how many accounts meet all conditions, and one page of them."""
    where = (_LIVING, *conditions)
    count = session.connection().execute(select(func.count()).select_from(accounts).where(*where)).scalar_one()
    page = _ordered(select(*SHOWN).where(*where), ordering).offset(offset).limit(limit)
    return int(count), session.connection().execute(page).all()


def conditions_of(*, search: str | None, role: str | None, is_active: bool | None) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters that were given; each word of ``search`` is in a name or the address."""
    found: list[ColumnElement[bool]] = [
        accounts.c.searched.icontains(word, autoescape=True) for word in (search or "").split()
    ]
    if role is not None:
        found.append(accounts.c.role == role)
    if is_active is not None:
        found.append(accounts.c.is_active.is_(is_active))
    return found


def _ordered(statement: Select[Any], ordering: str) -> Select[Any]:
    name = ordering.removeprefix("-")
    down = ordering.startswith("-")
    column = _ORDER[name].desc() if down else _ORDER[name].asc()
    if name == "last_login":
        column = column.nulls_last()  # who never signed in comes last either way
    # the id breaks ties, so that no row stands on two pages
    return statement.order_by(column, accounts.c.id.desc() if down else accounts.c.id.asc())


def list_after(session: Session, account_id: UUID | None, *, limit: int) -> Sequence[Any]:
    """Return living accounts in the order of their ids, beginning after one, each locked until the commit."""
    statement = select(*SHOWN).where(_LIVING).order_by(accounts.c.id).limit(limit).with_for_update()
    if account_id is not None:
        statement = statement.where(accounts.c.id > account_id)
    return session.connection().execute(statement).all()


def list_profile_changes(session: Session, *, limit: int) -> Sequence[Any]:
    """Return changes whose cached profile may be old, each with the account as it stands."""
    statement = (
        select(
            _changes.c.id.label("change_id"),
            accounts.c.erased_at.is_not(None).label("erased"),
            *SHOWN,
        )
        .join(accounts, accounts.c.id == _changes.c.account_id)
        .order_by(_changes.c.id)
        .limit(limit)
    )
    return session.connection().execute(statement).all()


def delete_profile_changes(session: Session, ids: Sequence[int]) -> None:
    """Forget changes whose cached profile is renewed."""
    session.connection().execute(delete(_changes).where(_changes.c.id.in_(ids)))
