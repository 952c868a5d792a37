"""Stock levels and their ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlmodel import Session

from shopsite_catalog.domain.stock import Movement
from shopsite_catalog.models import stock_movements
from shopsite_common.ids import uuid7

_m = stock_movements.c


def write_movement(
    session: Session,
    *,
    product_id: UUID,
    delta: int,
    level: int,
    kind: Movement,
    actor: UUID | None,
    at: datetime,
    reason: str = "",
) -> None:
    """Write a row of the ledger; the caller holds the product's lock."""
    row = {"id": uuid7(), "product_id": product_id, "delta": delta, "level": level, "kind": kind.value}
    session.connection().execute(
        insert(stock_movements).values(**row, reason=reason or kind.value, actor=actor, order_id=None, at=at)
    )


def list_movements(session: Session, product_id: UUID, *, offset: int, limit: int) -> Sequence[Any]:
    """Return a product's ledger, newest first."""
    statement = (
        select(_m.id, _m.delta, _m.level, _m.reason, _m.actor, _m.at)
        .where(_m.product_id == product_id)
        .order_by(_m.seq.desc())
        .offset(offset)
        .limit(limit)
    )
    return session.connection().execute(statement).all()


def count_movements(session: Session, product_id: UUID) -> int:
    """Return how many rows a product's ledger has."""
    statement = select(func.count()).select_from(stock_movements).where(_m.product_id == product_id)
    return session.connection().execute(statement).scalar_one()


def ledger_differences(session: Session) -> Sequence[Any]:
    """Return the products whose stock is not the sum of their ledger, with both figures."""
    statement = text("""
        SELECT p.id, p.name, p.stock, COALESCE(l.total, 0) AS ledger
        FROM products p
        LEFT JOIN (SELECT product_id, sum(delta) AS total FROM stock_movements GROUP BY product_id) l
            ON l.product_id = p.id
        WHERE p.stock <> COALESCE(l.total, 0)
        ORDER BY p.id
    """)
    return session.connection().execute(statement).all()


def count_on_sale(session: Session) -> tuple[int, int]:
    """Return how many products are on sale, and of how many of them there is nothing left."""
    statement = text("SELECT count(*), count(*) FILTER (WHERE stock = 0) FROM products WHERE deleted_at IS NULL")
    all_of_them, sold_out = session.connection().execute(statement).one()
    return int(all_of_them), int(sold_out)


# One statement for all lines of an order, against one a line: the guard, the ledger, the reserved lines and the note
# for the caches. A line that finds too little takes nothing, and the caller compares how many were taken.
_TAKE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]), CAST(:movement_ids AS uuid[]))
            AS w (product_id, quantity, movement_id)
    ), taken AS (
        UPDATE products p SET stock = p.stock - w.quantity FROM wanted w
        WHERE p.id = w.product_id AND p.deleted_at IS NULL AND p.stock >= w.quantity
        RETURNING p.id, p.name, p.price, p.stock, p.low_stock_threshold, w.quantity, w.movement_id
    ), moved AS (
        INSERT INTO stock_movements (id, product_id, delta, level, kind, reason, actor, order_id, at)
        SELECT movement_id, id, -quantity, stock, 'reservation', 'reservation', :actor, :order_id, :at FROM taken
    ), reserved AS (
        INSERT INTO reservation_lines (order_id, product_id, name, unit_price, quantity)
        SELECT :order_id, id, name, price, quantity FROM taken
    ), marked AS (
        INSERT INTO cache_marks (product_id) SELECT id FROM taken
    )
    SELECT id, name, stock, low_stock_threshold, quantity FROM taken ORDER BY id
""")

_GIVE_BACK = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:product_ids AS uuid[]), CAST(:quantities AS int[]), CAST(:movement_ids AS uuid[]))
            AS w (product_id, quantity, movement_id)
    ), given AS (
        UPDATE products p SET stock = p.stock + w.quantity FROM wanted w WHERE p.id = w.product_id
        RETURNING p.id, p.stock, w.quantity, w.movement_id, p.deleted_at IS NULL AS on_sale
    ), moved AS (
        INSERT INTO stock_movements (id, product_id, delta, level, kind, reason, actor, order_id, at)
        SELECT movement_id, id, quantity, stock, :kind, :kind, :actor, :order_id, :at FROM given
    ), marked AS (
        INSERT INTO cache_marks (product_id) SELECT id FROM given
    )
    SELECT id, stock, quantity, on_sale FROM given ORDER BY id
""")

_NOTE_SALE = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:product_ids AS uuid[]), CAST(:movement_ids AS uuid[])) AS w (product_id, movement_id)
    )
    INSERT INTO stock_movements (id, product_id, delta, level, kind, reason, actor, order_id, at)
    SELECT w.movement_id, p.id, 0, p.stock, 'sale', 'sale', :actor, :order_id, :at
    FROM wanted w JOIN products p ON p.id = w.product_id
""")


def lock_levels(session: Session, product_ids: Sequence[UUID]) -> Sequence[Any]:
    """Lock products in the order of their ids; return price and stock of those on sale."""
    statement = text("""
        SELECT id, price, stock, deleted_at FROM products WHERE id = ANY(CAST(:ids AS uuid[]))
        ORDER BY id FOR NO KEY UPDATE
    """)
    rows = session.connection().execute(statement, {"ids": _texts(product_ids)}).all()
    return [row for row in rows if row.deleted_at is None]


def take_stock(
    session: Session, wanted: dict[UUID, int], *, order_id: UUID, actor: UUID | None, at: datetime
) -> Sequence[Any]:
    """Take stock for an order and reserve it; return the products of which it was taken."""
    values = {**_lines(wanted), "order_id": order_id, "actor": actor, "at": at}
    return session.connection().execute(_TAKE, values).all()


def give_back_stock(
    session: Session, lines: dict[UUID, int], *, order_id: UUID, kind: Movement, actor: UUID | None, at: datetime
) -> Sequence[Any]:
    """Put an order's stock back."""
    values = {**_lines(lines), "order_id": order_id, "kind": kind.value, "actor": actor, "at": at}
    return session.connection().execute(_GIVE_BACK, values).all()


def note_sale(session: Session, lines: dict[UUID, int], *, order_id: UUID, actor: UUID | None, at: datetime) -> None:
    """Note in the ledger that an order's stock is paid for; the level does not move."""
    values = _lines(lines)
    del values["quantities"]
    session.connection().execute(_NOTE_SALE, {**values, "order_id": order_id, "actor": actor, "at": at})


def _lines(lines: dict[UUID, int]) -> dict[str, Any]:
    return {
        "product_ids": _texts(lines),
        "quantities": list(lines.values()),
        "movement_ids": _texts(uuid7() for _ in lines),
    }


def _texts(ids: Any) -> list[str]:
    return [str(each) for each in ids]
