"""Categories."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_catalog.domain.naming import name_key, other_slug_of, slug_of
from shopsite_catalog.models import categories, products
from shopsite_common.ids import uuid7

_c = categories.c


def category_named(session: Session, name: str) -> UUID:
    """Return the category of this name, making it on first use. The insert is the guard.

    Raises:
        ValidationFailed: the name has neither letter nor digit.
    """
    for slug in (slug_of(name), other_slug_of(name)):
        if (found := _find(session, name)) is not None:
            return found
        new = {"id": uuid7(), "name": " ".join(name.split()), "name_key": name_key(name), "slug": slug}
        statement = insert(categories).values(new).on_conflict_do_nothing().returning(_c.id)
        if (made := session.connection().execute(statement).scalar_one_or_none()) is not None:
            return UUID(str(made))
    return UUID(str(session.connection().execute(_by_name(name)).scalar_one()))


def _find(session: Session, name: str) -> UUID | None:
    return session.connection().execute(_by_name(name)).scalar_one_or_none()


def _by_name(name: str) -> Any:
    return select(_c.id).where(_c.name_key == name_key(name))


def list_categories(session: Session, *, offset: int, limit: int) -> Sequence[Any]:
    """Return categories by name, each with the number of its products on sale."""
    counted = (
        select(products.c.category_id, func.count().label("n"))
        .where(products.c.deleted_at.is_(None))
        .group_by(products.c.category_id)
        .subquery()
    )
    statement = (
        select(_c.name, _c.slug, func.coalesce(counted.c.n, 0).label("product_count"))
        .select_from(categories.outerjoin(counted, counted.c.category_id == _c.id))
        .order_by(_c.name_key, _c.id)
        .offset(offset)
        .limit(limit)
    )
    return session.connection().execute(statement).all()


def count_categories(session: Session) -> int:
    """Return how many categories there are."""
    return session.connection().execute(select(func.count()).select_from(categories)).scalar_one()
