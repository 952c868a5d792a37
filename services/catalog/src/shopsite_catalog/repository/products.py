"""Products: one by its id, pages of them, and their changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import JSON
from sqlmodel import Session

from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.models import cache_marks, categories, product_images, products
from shopsite_catalog.repository.filters import condition_of, ordering_of
from shopsite_common.outbox import sequences

_p, _i = products.c, product_images.c
_ON_SALE = _p.deleted_at.is_(None)
_FEW = 1000  # products that are sorted sooner than any index leads to the first of them

_IMAGES = (
    select(
        func.coalesce(
            func.json_agg(
                aggregate_order_by(
                    func.json_build_object(
                        "id", _i.id, "url", _i.url, "width", _i.width, "height", _i.height, "position", _i.position
                    ),
                    _i.position,
                    _i.id,
                )
            ),
            func.json_build_array(),
            type_=JSON(),
        )
    )
    .where(_i.product_id == _p.id, _i.ready)
    .scalar_subquery()
    .label("images")
)
_MAIN_IMAGE = (
    select(_i.url).where(_i.product_id == _p.id, _i.ready).order_by(_i.position, _i.id).limit(1).scalar_subquery()
)
_READ: Select[Any] = select(
    _p.id,
    _p.name,
    _p.description,
    _p.price,
    categories.c.name.label("category"),
    _p.tags,
    _p.stock,
    _p.low_stock_threshold,
    _p.is_featured,
    _IMAGES,
    _p.rating_average,
    _p.review_count,
    _p.created_at,
    _p.updated_at,
).select_from(products.outerjoin(categories))
_CARD: Select[Any] = select(
    _p.id,
    _p.name,
    _p.price,
    _p.stock,
    _MAIN_IMAGE.label("image_url"),
    func.coalesce(
        select(sequences.c.last)
        .where(sequences.c.subject == func.cast(_p.id, sequences.c.subject.type))
        .scalar_subquery(),
        0,
    ).label("sequence"),
)


def find_product(session: Session, product_id: UUID) -> Any:
    """Return a product on sale as it is shown."""
    return session.connection().execute(_READ.where(_p.id == product_id, _ON_SALE)).one_or_none()


def find_card(session: Session, product_id: UUID) -> Any:
    """Return a product on sale as the cart shows it, with the number of its last event."""
    return session.connection().execute(_CARD.where(_p.id == product_id, _ON_SALE)).one_or_none()


def lock_product(session: Session, product_id: UUID) -> Any:
    """Lock a product on sale and return what rules ask about."""
    statement = select(_p.id, _p.name, _p.stock, _p.low_stock_threshold).where(_p.id == product_id, _ON_SALE)
    return session.connection().execute(statement.with_for_update(key_share=True)).one_or_none()


def list_products(session: Session, query: ProductQuery) -> tuple[int, Sequence[Any]]:
    """Return how many products match, and those of the page: two statements, whatever the page's size.

    Raises:
        NotFound: the page is past the end.
    """
    condition = and_(_ON_SALE, *condition_of(query))
    return _page(session, condition, ordering_of(query), query)


def list_low(session: Session, query: ProductQuery) -> tuple[int, Sequence[Any]]:
    """Return the page of products at or under their threshold, the scarcest first."""
    condition = and_(_ON_SALE, _p.stock <= _p.low_stock_threshold)
    return _page(session, condition, (_p.stock, _p.id), query)


def _page(
    session: Session, condition: ColumnElement[bool], ordering: Iterable[ColumnElement[Any]], query: ProductQuery
) -> tuple[int, Sequence[Any]]:
    connection = session.connection()
    count = connection.execute(select(func.count()).select_from(products).where(condition)).scalar_one()
    query.check(count)
    order = _by_sorting(ordering) if count <= _FEW else ordering
    statement = _READ.where(condition).order_by(*order).limit(query.size).offset(query.offset)
    return count, connection.execute(statement).all() if count else []


def _by_sorting(ordering: Iterable[ColumnElement[Any]]) -> tuple[ColumnElement[Any]]:
    """Return the same order as one row, which no index has.

    PostgreSQL guesses how many match, and where it guesses too high walks all products in the order of an index to
    find the few: of a million in 1.8 s, where to sort them takes a millisecond.
    """
    parts = list(ordering)
    columns = [part.element if isinstance(part, UnaryExpression) else part for part in parts]
    row: ColumnElement[Any] = func.row(*columns)
    return (row.desc() if isinstance(parts[0], UnaryExpression) else row,)


def lock_samples(session: Session) -> None:
    """Let one process at a time load samples; the lock ends with the transaction."""
    session.connection().execute(select(func.pg_advisory_xact_lock(func.hashtextextended("catalog samples", 0))))


def is_empty(session: Session) -> bool:
    """Tell whether there never was a product."""
    return session.connection().execute(select(_p.id).limit(1)).first() is None


def insert_product(session: Session, values: Mapping[str, Any]) -> None:
    """Insert a product."""
    session.connection().execute(insert(products).values(rating_average=0, review_count=0, **values))


def update_product(session: Session, product_id: UUID, values: Mapping[str, Any]) -> None:
    """Change a product that the caller has locked."""
    session.connection().execute(update(products).where(_p.id == product_id).values(**values))


def delete_product(session: Session, product_id: UUID, *, at: datetime) -> bool:
    """Take a product off sale; False if it wasn't on sale. The write is the guard."""
    statement = update(products).where(_p.id == product_id, _ON_SALE).values(deleted_at=at)
    return session.connection().execute(statement).rowcount == 1


def on_sale_after(session: Session, after: UUID | None, *, limit: int) -> Sequence[UUID]:
    """Return the next ids in their order: to walk through all products in batches."""
    statement = select(_p.id).where(_ON_SALE).order_by(_p.id).limit(limit)
    if after is not None:
        statement = statement.where(_p.id > after)
    return session.connection().execute(statement).scalars().all()


def without_picture(session: Session, *, limit: int) -> Sequence[Any]:
    """Return products on sale that have no picture yet."""
    none = ~select(_i.id).where(_i.product_id == _p.id, _i.ready).exists()
    statement = (
        select(_p.id, _p.name, categories.c.name.label("category"))
        .select_from(products.outerjoin(categories))
        .where(_ON_SALE, none)
        .order_by(_p.id)
        .limit(limit)
    )
    return session.connection().execute(statement).all()


def mark_changed(session: Session, *product_ids: UUID) -> None:
    """Note that cached answers about these products are to be dropped."""
    session.connection().execute(insert(cache_marks), [{"product_id": product_id} for product_id in product_ids])


def cache_marks_left(session: Session, *, limit: int) -> Sequence[Any]:
    """Return notes that the cache has not heard yet.

    They are asked for by their existence, never as "greater than the last": a transaction that commits late has a low
    number.
    """
    statement = select(cache_marks.c.id, cache_marks.c.product_id).order_by(cache_marks.c.id).limit(limit)
    return session.connection().execute(statement).all()


def delete_cache_marks(session: Session, ids: Sequence[int]) -> None:
    """Forget notes that the cache has heard."""
    session.connection().execute(cache_marks.delete().where(cache_marks.c.id.in_(ids)))
