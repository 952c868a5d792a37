"""What a list of products may be asked for, read from the query string."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from shopsite_common.errors import NotFound, ValidationFailed

Value = TypeVar("Value")

ORDERINGS: Final = ("price", "name", "created_at", "rating_average")
PRICE_FILTERS: Final = ("price", "price__gt", "price__lt", "price__gte", "price__lte")
FLAG_FILTERS: Final = ("is_featured", "is_in_stock")
TEXT_FILTERS: Final = ("category", "tags__icontains", "description__icontains", "search")
DEFAULT_SIZE: Final = 20
MAX_SIZE: Final = 100
MAX_TEXT: Final = 200
MAX_TAGS: Final = 20
_LAST_PAGE = 10**9  # past this an OFFSET would not fit
_MAX_DIGITS = 11
_AMOUNT = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,8})?")
FLAGS: Final = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


@dataclass(frozen=True)
class ProductQuery:
    """A readable question. ``pairs`` is what of the query string was understood, without the page."""

    page: int = 1
    size: int = DEFAULT_SIZE
    prices: tuple[tuple[str, Decimal], ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    ordering: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def offset(self) -> int:
        """How many rows come before the page."""
        return (self.page - 1) * self.size

    def check(self, count: int) -> None:
        """Refuse a page past the end; the first page of an empty list is fine.

        Raises:
            NotFound: there is no such page.
        """
        if self.page > 1 and self.offset >= count:
            raise NotFound("Invalid page.")


def read_query(pairs: Sequence[tuple[str, str]]) -> ProductQuery:
    """Return the question that a query string asks. What it doesn't know it ignores, and of two values takes the last.

    Raises:
        ValidationFailed: a value can't be read; all such values are named.
        NotFound: the page is no number from 1.
    """
    given = dict(pairs)
    refused: dict[str, list[str]] = {}
    prices = _each(given, PRICE_FILTERS, _price, refused)
    flags = _each(given, FLAG_FILTERS, _flag, refused)
    texts = _each({name: text for name, text in given.items() if text}, TEXT_FILTERS, _text, refused)
    ordering = _each(given, ("ordering",), _ordering, refused)
    size = _each(given, ("page_size",), _size, refused)
    tags = tuple(sorted({value for name, value in pairs if name == "tags" and value}))
    _each(dict.fromkeys(["tags"], max(tags, key=len, default="")), ("tags",), _text, refused)
    if len(tags) > MAX_TAGS:
        refused["tags"] = [f"At most {MAX_TAGS} tags."]
    if refused:
        raise ValidationFailed(details=refused)
    understood = {*PRICE_FILTERS, *FLAG_FILTERS, *TEXT_FILTERS, "ordering", "page_size"}
    return ProductQuery(
        page=_page(given.get("page", "1")),
        size=size[0][1] if size else DEFAULT_SIZE,
        prices=prices,
        flags=flags,
        texts=texts,
        tags=tags,
        ordering=ordering[0][1] if ordering else "",
        pairs=(
            *sorted((name, text) for name, text in given.items() if name in understood),
            *(("tags", tag) for tag in tags),
        ),
    )


def _each(
    given: Mapping[str, str],
    names: Sequence[str],
    read: Callable[[str], Value],
    refused: dict[str, list[str]],
) -> tuple[tuple[str, Value], ...]:
    found: list[tuple[str, Value]] = []
    for name in names:
        if name in given:
            try:
                found.append((name, read(given[name])))
            except ValueError as error:
                refused[name] = [str(error)]
    return tuple(found)


def _price(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueError("A number is required.")
    return Decimal(text)


def _flag(text: str) -> bool:
    if text not in FLAGS:
        raise ValueError("Must be true or false.")
    return FLAGS[text]


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ValueError(f"At most {MAX_TEXT} characters.")
    if "\x00" in text:
        raise ValueError("The text holds a character that cannot be searched for.")
    return text


def _ordering(text: str) -> str:
    if text.removeprefix("-") not in ORDERINGS:
        raise ValueError(f"Must be one of {', '.join(ORDERINGS)}, each perhaps with - before it.")
    return text


def _size(text: str) -> int:
    size = _whole(text)
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"Must be a whole number from 1 to {MAX_SIZE}.")
    return size


def _page(text: str) -> int:
    page = _whole(text)
    if not 1 <= page <= _LAST_PAGE:
        raise NotFound("Invalid page.")
    return page


def _whole(text: str) -> int:
    # only ASCII digits: int() would take " 1_0" and other scripts' digits too
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else -1
