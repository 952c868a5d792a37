"""What every change of a product brings with it: the note for the caches, and the events that others hear."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.domain.stock import has_fallen
from shopsite_catalog.repository import products
from shopsite_common.events import ProductCreated, ProductUpdated, StockChanged, StockLow
from shopsite_common.outbox import emit


def announce_product(
    session: Session, product_id: UUID, *, currency: str, event: type[ProductCreated | ProductUpdated] = ProductUpdated
) -> None:
    """Tell the whole state of a product that the caller has locked or just made."""
    card = products.find_card(session, product_id)
    emit(
        session,
        event(
            product_id=product_id,
            name=card.name,
            price=card.price,
            currency=currency,
            image_url=card.image_url,
            stock=card.stock,
        ),
    )
    products.mark_changed(session, product_id)


def announce_stock(session: Session, row: Any, *, delta: int, level: int, reason: str) -> None:
    """Tell a change of stock, and that it runs low if this change brought it there.

    Args:
        row: the product: ``id``, ``name``, ``low_stock_threshold``.
    """
    emit(session, StockChanged(product_id=row.id, delta=delta, stock=level, reason=reason))
    if has_fallen(level - delta, level, row.low_stock_threshold):
        emit(session, StockLow(product_id=row.id, name=row.name, stock=level, threshold=row.low_stock_threshold))


def announce_taken(session: Session, rows: Iterable[Any], *, reason: str) -> None:
    """Tell of the stock that an order took, product by product in the order of their ids."""
    for row in rows:
        announce_stock(session, row, delta=-row.quantity, level=row.stock, reason=reason)


def announce_given_back(session: Session, rows: Iterable[Any], *, reason: str) -> None:
    """Tell of the stock that came back; of a product that is off sale nobody wants to know."""
    emit(
        session,
        *(
            StockChanged(product_id=row.id, delta=row.quantity, stock=row.stock, reason=reason)
            for row in rows
            if row.on_sale
        ),
    )
