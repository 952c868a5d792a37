"""SQL of a new order. Each insert is the guard of its rule."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlmodel import Session

from shopsite_orders.domain.sums import SoldLine
from shopsite_orders.models import Table

_orders = Table.metadata.tables["orders"]
_items = Table.metadata.tables["order_items"]
_ids = Table.metadata.tables["order_ids"]
_erased = Table.metadata.tables["erased_customers"]

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('customer ' || :customer_id, 0))")


def lock_customer(session: Session, customer_id: UUID) -> None:
    """Let one transaction at a time place orders of, or erase, a customer."""
    session.connection().execute(_LOCK, {"customer_id": str(customer_id)})


_ALLOWANCE = text("""
    SELECT (SELECT count(*) FROM orders
            WHERE customer_id = :customer_id AND status IN ('CREATED', 'PENDING')) AS unpaid,
           EXISTS (SELECT 1 FROM erased_customers WHERE customer_id = :customer_id) AS erased,
           EXISTS (SELECT 1 FROM order_items WHERE cart_line_id = ANY(:lines)) AS ordered
""").bindparams(bindparam("customer_id", type_=Uuid), bindparam("lines", type_=ARRAY(Uuid)))


def read_allowance(session: Session, *, customer_id: UUID, cart_line_ids: Sequence[UUID]) -> Any:
    """Return how many unpaid orders a customer has, whether they are erased, and whether a line was ordered before."""
    values = {"customer_id": customer_id, "lines": list(cart_line_ids)}
    return session.connection().execute(_ALLOWANCE, values).one()


# made once: to put a statement together costs more than to send it
_CLAIM = insert(_ids).on_conflict_do_nothing()
_INSERT = insert(_orders).on_conflict_do_nothing(index_elements=["number"])


def claim_id(session: Session, *, order_id: UUID, kind: str, now: datetime) -> str:
    """Note what an id is, an order's or voided, if that isn't settled; return what it is."""
    values = {"order_id": order_id, "kind": kind, "noted_at": now}
    if session.connection().execute(_CLAIM, values).rowcount:
        return kind
    statement = _ids.select().where(_ids.c.order_id == order_id)
    return str(session.connection().execute(statement).one().kind)


def insert_order(session: Session, values: dict[str, Any]) -> bool:
    """Insert an order; False if its number is taken."""
    return session.connection().execute(_INSERT, values).rowcount == 1


def insert_items(session: Session, *, order_id: UUID, lines: Sequence[SoldLine]) -> int:
    """Insert an order's items; return how many, which is fewer than given if a cart line was ordered before."""
    rows = [
        {
            "order_id": order_id,
            "position": position,
            "cart_line_id": line.cart_line_id,
            "product_id": line.product_id,
            "name": line.name,
            "unit_price": line.unit_price,
            "quantity": line.quantity,
            "subtotal": line.subtotal,
        }
        for position, line in enumerate(lines)
    ]
    statement = insert(_items).values(rows).on_conflict_do_nothing(index_elements=["cart_line_id"])
    return session.connection().execute(statement).rowcount


def note_erased(session: Session, *, customer_id: UUID, now: datetime) -> None:
    """Note that a customer was erased."""
    values = {"customer_id": customer_id, "erased_at": now}
    session.connection().execute(insert(_erased).values(values).on_conflict_do_nothing())
