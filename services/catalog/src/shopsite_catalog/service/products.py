"""Products: reading, and what staff do with them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.domain.conditions import matches
from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.domain.stock import Movement
from shopsite_catalog.repository import categories, products, stock
from shopsite_catalog.schemas.products import answer_of, product_document
from shopsite_catalog.service.announcing import announce_product, announce_stock
from shopsite_common.audit import record_action
from shopsite_common.cache import CachedBody
from shopsite_common.clock import utcnow
from shopsite_common.errors import NotFound, PreconditionFailed
from shopsite_common.events import ProductCreated, ProductDeleted
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit


def get_product(session: Session, *, product_id: UUID, currency: str) -> CachedBody:
    """Return a product's finished body.

    Raises:
        NotFound: no such product is on sale.
    """
    row = products.find_product(session, product_id)
    if row is None:
        raise NotFound
    return answer_of(product_document(row, currency))


def list_products(session: Session, *, query: ProductQuery, currency: str) -> tuple[int, list[dict[str, Any]]]:
    """Return how many products match, and the bodies of the page.

    Raises:
        NotFound: the page is past the end.
    """
    count, rows = products.list_products(session, query)
    return count, [product_document(row, currency) for row in rows]


def list_low_stock(session: Session, *, query: ProductQuery, currency: str) -> tuple[int, list[dict[str, Any]]]:
    """Return how many products are at or under their threshold, and the bodies of the page.

    Raises:
        NotFound: the page is past the end.
    """
    count, rows = products.list_low(session, query)
    return count, [product_document(row, currency) for row in rows]


def get_card(session: Session, *, product_id: UUID) -> Any:
    """Return a product as the cart shows it.

    Raises:
        NotFound: no such product is on sale.
    """
    card = products.find_card(session, product_id)
    if card is None:
        raise NotFound
    return card


def create_product(
    session: Session, *, values: Mapping[str, Any], actor: UUID | None, currency: str
) -> tuple[UUID, CachedBody]:
    """Put a product on sale; return its id and finished body."""
    product_id, now = uuid7(), utcnow()
    row = {**_columns(session, values), "id": product_id, "created_at": now, "updated_at": now}
    products.insert_product(session, row)
    level = row["stock"]
    stock.write_movement(
        session, product_id=product_id, delta=level, level=level, kind=Movement.INITIAL, actor=actor, at=now
    )
    announce_product(session, product_id, currency=currency, event=ProductCreated)
    if actor is not None:
        record_action(session, actor_id=actor, action="product.create", object_type="product", object_id=product_id)
    return product_id, get_product(session, product_id=product_id, currency=currency)


def update_product(
    session: Session, *, product_id: UUID, changes: Mapping[str, Any], actor: UUID, currency: str, if_match: str | None
) -> CachedBody:
    """Change a product; return its finished body.

    Args:
        changes: field to new value; nothing in it changes nothing.
        if_match: the header of that name, if there was one.

    Raises:
        NotFound: no such product is on sale.
        PreconditionFailed: it is not as the caller saw it.
    """
    before = _locked(session, product_id, currency=currency, if_match=if_match)
    if changes:
        now = utcnow()
        products.update_product(session, product_id, {**_columns(session, changes), "updated_at": now})
        announce_product(session, product_id, currency=currency)
        delta = changes.get("stock", before.stock) - before.stock
        if delta:
            _note_edit(session, product_id, delta=delta, actor=actor)
        record_action(
            session,
            actor_id=actor,
            action="product.update",
            object_type="product",
            object_id=product_id,
            changes={field: str(value) for field, value in changes.items() if field != "description"},
        )
    return get_product(session, product_id=product_id, currency=currency)


def delete_product(session: Session, *, product_id: UUID, actor: UUID, currency: str, if_match: str | None) -> None:
    """Take a product off sale; orders, reviews and the ledger keep it.

    Raises:
        NotFound: no such product is on sale.
        PreconditionFailed: it is not as the caller saw it.
    """
    _locked(session, product_id, currency=currency, if_match=if_match)
    products.delete_product(session, product_id, at=utcnow())
    emit(session, ProductDeleted(product_id=product_id))
    products.mark_changed(session, product_id)
    record_action(session, actor_id=actor, action="product.delete", object_type="product", object_id=product_id)


def republish_products(session: Session, *, after: UUID | None, limit: int, currency: str) -> tuple[UUID | None, int]:
    """Tell the state of the next products anew, for copies that are rebuilt.

    Returns:
        The last id that was looked at, None at the end, and of how many products it was told.
    """
    ids = products.on_sale_after(session, after, limit=limit)
    there = [product_id for product_id in ids if products.lock_product(session, product_id) is not None]
    for product_id in there:
        announce_product(session, product_id, currency=currency)
    return (ids[-1] if ids else None), len(there)


def _locked(session: Session, product_id: UUID, *, currency: str, if_match: str | None) -> Any:
    row = products.lock_product(session, product_id)
    if row is None:
        raise NotFound
    if if_match is not None:
        current = get_product(session, product_id=product_id, currency=currency)
        if not matches(if_match, current.etag):
            raise PreconditionFailed
    return row


def _columns(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = {field: value for field, value in values.items() if field != "category"}
    if "category" in values:
        name = values["category"]
        columns["category_id"] = categories.category_named(session, name) if name else None
    return columns


def _note_edit(session: Session, product_id: UUID, *, delta: int, actor: UUID) -> None:
    row = products.lock_product(session, product_id)
    stock.write_movement(
        session,
        product_id=product_id,
        delta=delta,
        level=row.stock,
        kind=Movement.EDIT,
        actor=actor,
        at=utcnow(),
    )
    announce_stock(session, row, delta=delta, level=row.stock, reason=Movement.EDIT.value)
