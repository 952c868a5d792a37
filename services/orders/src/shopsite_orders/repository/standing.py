"""SQL of orders that change: rows held until the end of the transaction, refunds and history beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from shopsite_orders.domain.standing import UNPAID
from shopsite_orders.domain.sums import DUPLICATE, RefundPart, RefundState
from shopsite_orders.models import HistoryEntry, Order, OrderItem, Table

_refunds = Table.metadata.tables["refunds"]


def find_locked(session: Session, order_id: UUID) -> Order | None:
    """Return an order and hold its row."""
    return session.exec(select(Order).where(Order.id == order_id).with_for_update()).one_or_none()


def find_order(session: Session, order_id: UUID) -> Order | None:
    """Return an order as it stands, without holding it."""
    return session.get(Order, order_id)


def take_overdue(session: Session, *, now: datetime, limit: int) -> Sequence[Order]:
    """Return unpaid orders whose time is over, and hold them; those that somebody else holds are left out."""
    statement = (
        select(Order)
        .where(_is_overdue(now))
        .order_by(col(Order.payment_due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.exec(statement).all()


def list_overdue(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Return the ids of unpaid orders whose time is over, without holding them."""
    return session.exec(select(Order.id).where(_is_overdue(now)).order_by(col(Order.payment_due_at))).all()


def _is_overdue(now: datetime) -> ColumnElement[bool]:
    over = or_(
        col(Order.held).is_(False) & (col(Order.payment_due_at) <= now),
        col(Order.held).is_(True) & (col(Order.held_until) <= now),
    )
    return col(Order.status).in_(list(UNPAID)) & over


def take_of_customer(session: Session, customer_id: UUID) -> Sequence[Order]:
    """Return all orders of a customer in the order of their ids, and hold them."""
    statement = select(Order).where(Order.customer_id == customer_id).order_by(col(Order.id)).with_for_update()
    return session.exec(statement).all()


def list_items(session: Session, order_id: UUID) -> Sequence[OrderItem]:
    """Return what was sold."""
    statement = select(OrderItem).where(OrderItem.order_id == order_id).order_by(col(OrderItem.position))
    return session.exec(statement).all()


def add_entry(session: Session, entry: HistoryEntry) -> None:
    """Add to an order's history."""
    session.add(entry)


def keep_refund(session: Session, values: dict[str, Any]) -> None:
    """Keep where a refund is, if that is news; one that was processed stays so."""
    statement = insert(_refunds).values(values)
    news = (_refunds.c.sequence < statement.excluded.sequence) & (_refunds.c.state != RefundState.PROCESSED)
    processed = (statement.excluded.state == RefundState.PROCESSED) & (_refunds.c.state != RefundState.PROCESSED)
    changed = {name: statement.excluded[name] for name in ("amount", "reason", "state", "full", "sequence")}
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["refund_id"], set_=changed, where=news | processed)
    )


def list_refunds(session: Session, order_id: UUID) -> list[RefundPart]:
    """Return an order's refunds, without those of a second, duplicate payment."""
    statement = _refunds.select().where(_refunds.c.order_id == order_id, _refunds.c.reason != DUPLICATE)
    rows = session.connection().execute(statement).all()
    return [RefundPart(amount=row.amount, state=RefundState(row.state), full=row.full) for row in rows]
