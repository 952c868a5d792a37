"""Reservations, and who bought what."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_catalog.domain.reservation import Change, Status
from shopsite_catalog.models import purchases, reservation_lines, reservations

_r, _l = reservations.c, reservation_lines.c


def begin(
    session: Session, *, order_id: UUID, customer_id: UUID | None, status: Status, at: datetime, expires_at: datetime
) -> bool:
    """Insert a reservation; False if the order has one. Waits for one that is just being made."""
    row = {"order_id": order_id, "customer_id": customer_id, "status": status.value}
    statement = insert(reservations).values(**row, refunded=False, created_at=at, expires_at=expires_at)
    return session.connection().execute(statement.on_conflict_do_nothing()).rowcount == 1


def lock(session: Session, order_id: UUID) -> Any:
    """Lock the reservation of an order and return it, or None."""
    statement = select(reservations).where(_r.order_id == order_id).with_for_update()
    return session.connection().execute(statement).one_or_none()


def find(session: Session, order_id: UUID) -> Any:
    """Return the reservation of an order, or None."""
    return session.connection().execute(select(reservations).where(_r.order_id == order_id)).one_or_none()


def lines_of(session: Session, order_id: UUID) -> Sequence[Any]:
    """Return what an order reserved, in the order of the products' ids."""
    statement = (
        select(_l.product_id, _l.name, _l.unit_price, _l.quantity)
        .where(_l.order_id == order_id)
        .order_by(_l.product_id)
    )
    return session.connection().execute(statement).all()


def move(session: Session, order_id: UUID, *, before: Status, after: Status, change: Change) -> bool:
    """Move a reservation from one status to another; False if it has left the first one meanwhile."""
    released_by = change.value if after is Status.RELEASED else None
    statement = (
        update(reservations)
        .where(_r.order_id == order_id, _r.status == before.value)
        .values(status=after.value, released_by=released_by)
    )
    return session.connection().execute(statement).rowcount == 1


def list_expired(session: Session, *, now: datetime, limit: int) -> Sequence[UUID]:
    """Return the orders whose stock was held long enough, the oldest first."""
    statement = (
        select(_r.order_id)
        .where(_r.status == Status.HELD.value, _r.expires_at < now)
        .order_by(_r.expires_at)
        .limit(limit)
    )
    return session.connection().execute(statement).scalars().all()


def note_refund(session: Session, order_id: UUID) -> None:
    """Note that an order's money has gone back: what comes later gives no right to review any more."""
    session.connection().execute(update(reservations).where(_r.order_id == order_id).values(refunded=True))
    session.connection().execute(delete(purchases).where(purchases.c.order_id == order_id))


def add_purchases(session: Session, *, order_id: UUID, customer_id: UUID, product_ids: Iterable[UUID]) -> None:
    """Note who bought what."""
    rows = [{"order_id": order_id, "product_id": each, "customer_id": customer_id} for each in product_ids]
    session.connection().execute(insert(purchases).values(rows).on_conflict_do_nothing())


def has_bought(session: Session, *, customer_id: UUID, product_id: UUID) -> bool:
    """Tell whether a product is in an order of the customer's that was paid and not refunded."""
    condition = (purchases.c.customer_id == customer_id, purchases.c.product_id == product_id)
    statement = select(purchases.c.order_id).where(*condition).limit(1)
    return session.connection().execute(statement).first() is not None
