"""Categories."""

from typing import Any

from sqlmodel import Session

from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.repository import categories


def list_categories(session: Session, *, query: ProductQuery) -> tuple[int, list[dict[str, Any]]]:
    """Return how many categories there are, and those of the page by name.

    Raises:
        NotFound: the page is past the end.
    """
    count = categories.count_categories(session)
    query.check(count)
    rows = categories.list_categories(session, offset=query.offset, limit=query.size)
    return count, [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name for it
