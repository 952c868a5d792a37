"""Stock: corrections by staff, and the ledger."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.domain.stock import Movement, changed_level
from shopsite_catalog.repository import products, stock
from shopsite_catalog.service.announcing import announce_stock
from shopsite_common.audit import record_action
from shopsite_common.clock import utcnow
from shopsite_common.errors import NotFound
from shopsite_common.pagination import PageRequest


def adjust_stock(session: Session, *, product_id: UUID, delta: int, reason: str, actor: UUID) -> int:
    """Correct the stock of a product; return the new level.

    Raises:
        NotFound: no such product is on sale.
        StockOutOfRange: there is less than is to be taken away.
    """
    row = products.lock_product(session, product_id)
    if row is None:
        raise NotFound
    level, kind = changed_level(row.stock, delta), Movement.ADJUSTMENT
    products.update_product(session, product_id, {"stock": level})
    stock.write_movement(
        session, product_id=product_id, delta=delta, level=level, kind=kind, actor=actor, at=utcnow(), reason=reason
    )
    announce_stock(session, row, delta=delta, level=level, reason=kind.value)
    products.mark_changed(session, product_id)
    record_action(
        session,
        actor_id=actor,
        action="product.stock",
        object_type="product",
        object_id=product_id,
        changes={"delta": delta, "reason": reason},
    )
    return level


def list_movements(session: Session, *, product_id: UUID, paging: PageRequest) -> tuple[int, Sequence[Any]]:
    """Return how many rows a product's ledger has, and those of the page.

    Raises:
        NotFound: no such product is on sale, or the page is past the end.
    """
    if products.find_card(session, product_id) is None:
        raise NotFound
    count = stock.count_movements(session, product_id)
    paging.check(count)
    return count, stock.list_movements(session, product_id, offset=paging.offset, limit=paging.size)


def recount_stock(session: Session) -> Sequence[Any]:
    """Return the products whose stock is not what their ledger adds up to."""
    return stock.ledger_differences(session)


def count_on_sale(session: Session) -> tuple[int, int]:
    """Return how many products are on sale, and of how many of them there is nothing left."""
    return stock.count_on_sale(session)


def list_miscounted(session: Session) -> Sequence[UUID]:
    """Return the ids of those products."""
    return [row.id for row in recount_stock(session)]
