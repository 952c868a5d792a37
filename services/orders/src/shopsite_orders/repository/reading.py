"""SQL of what people read: plain rows, items and history of a whole page in one statement each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlmodel import Session

from shopsite_orders.domain.views import OrderView
from shopsite_orders.models import Table

_orders = Table.metadata.tables["orders"]
_items = Table.metadata.tables["order_items"]
_history = Table.metadata.tables["order_history"]


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are asked for; None leaves a matter open."""

    customer_id: UUID | None = None
    status: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None

    def condition(self) -> ColumnElement[bool]:
        """Return the condition on the orders table."""
        found: ColumnElement[bool] = true()
        if self.customer_id is not None:
            found &= _orders.c.customer_id == self.customer_id
        if self.status is not None:
            found &= _orders.c.status == self.status
        if self.created_from is not None:
            found &= _orders.c.created_at >= self.created_from
        if self.created_until is not None:
            found &= _orders.c.created_at <= self.created_until
        return found


def count_orders(session: Session, wanted: OrderFilter) -> int:
    """Return how many orders there are of that kind."""
    statement = select(func.count()).select_from(_orders).where(wanted.condition())
    return int(session.connection().execute(statement).scalar_one())


def list_orders(session: Session, wanted: OrderFilter, *, limit: int, offset: int) -> list[OrderView]:
    """Return a page of orders, newest first.

    The page is found in the index alone; only its own orders are read, however many come before them.
    """
    newest_first = (_orders.c.created_at.desc(), _orders.c.id.desc())
    page = select(_orders.c.id).where(wanted.condition()).order_by(*newest_first).limit(limit).offset(offset)
    statement = select(_orders).where(_orders.c.id.in_(page)).order_by(*newest_first)
    return _with_parts(session, session.connection().execute(statement).all())


def find_view(session: Session, order_id: UUID) -> OrderView | None:
    """Return one order."""
    rows = session.connection().execute(select(_orders).where(_orders.c.id == order_id)).all()
    return next(iter(_with_parts(session, rows)), None)


def find_row(session: Session, order_id: UUID) -> Any:
    """Return one order's row alone, or None."""
    return session.connection().execute(select(_orders).where(_orders.c.id == order_id)).one_or_none()


def list_timeline(session: Session, order_id: UUID, *, everything: bool) -> Sequence[Any]:
    """Return what happened around an order, oldest first."""
    statement = select(_history).where(_history.c.order_id == order_id).order_by(_history.c.at, _history.c.id)
    if not everything:
        statement = statement.where(_history.c.public)
    return session.connection().execute(statement).all()


def _with_parts(session: Session, rows: Sequence[Any]) -> list[OrderView]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    items = select(_items).where(_items.c.order_id.in_(ids)).order_by(_items.c.order_id, _items.c.position)
    history = (
        select(_history)
        .where(_history.c.order_id.in_(ids), _history.c.in_history)
        .order_by(_history.c.order_id, _history.c.id)
    )
    items_of = _by_order(session.connection().execute(items).all())
    history_of = _by_order(session.connection().execute(history).all())
    return [OrderView(row, items_of[row.id], history_of[row.id]) for row in rows]


def _by_order(rows: Sequence[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.order_id].append(row)
    return found
