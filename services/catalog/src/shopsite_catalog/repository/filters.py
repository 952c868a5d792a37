"""A list's question as SQL."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select

from shopsite_catalog.domain.listing import ProductQuery
from shopsite_catalog.domain.naming import name_key
from shopsite_catalog.models import categories, products

_p = products.c
_CONFIG = "english"

_PRICES: Mapping[str, Callable[[Any, Decimal], ColumnElement[bool]]] = {
    "price": eq,
    "price__gt": gt,
    "price__lt": lt,
    "price__gte": ge,
    "price__lte": le,
}


def condition_of(query: ProductQuery) -> Iterator[ColumnElement[bool]]:
    """Yield what a product must fulfil."""
    for name, amount in query.prices:
        yield _PRICES[name](_p.price, amount)
    for name, wanted in query.flags:
        column = _p.is_featured if name == "is_featured" else _p.stock > 0
        yield column.is_(wanted)
    if query.tags:
        yield _p.tags.contains(list(query.tags))
    for name, text in query.texts:
        yield _TEXTS[name](text)


def ordering_of(query: ProductQuery) -> tuple[ColumnElement[Any], ...]:
    """Return the order: as asked, else the best match first where words are searched for, else the newest first."""
    if query.ordering:
        column = _p[query.ordering.removeprefix("-")]
        return (column.desc(), _p.id.desc()) if query.ordering.startswith("-") else (column, _p.id)
    newest = (_p.created_at.desc(), _p.id.desc())
    words = dict(query.texts).get("search")
    return (func.ts_rank_cd(_p.search, _words(words)).desc(), *newest) if words else newest


def _words(text: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(_CONFIG, text)


def _in_category(text: str) -> ColumnElement[bool]:
    named = or_(categories.c.name_key == name_key(text), categories.c.slug == text)
    return _p.category_id.in_(select(categories.c.id).where(named))


def _in_search(text: str) -> ColumnElement[bool]:
    return _p.search.op("@@", is_comparison=True)(_words(text))


def _in_a_tag(text: str) -> ColumnElement[bool]:
    # tags stand in lines below each other; no tag holds a line break, so a text with one is in none
    return _holds(_p.tags_trgm, text) if "\n" not in text else false()


def _holds(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    # ILIKE, because the trigram indexes serve it; the signs that it gives a meaning stand for themselves
    literal = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return column.ilike(f"%{literal}%")


_TEXTS: Mapping[str, Callable[[str], ColumnElement[bool]]] = {
    "category": _in_category,
    "search": _in_search,
    "tags__icontains": _in_a_tag,
    "description__icontains": lambda text: _holds(_p.description, text),
}
