"""Lists in pages: ``{"count", "next", "previous", "results"}``, as in Django REST Framework."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator, Field, WithJsonSchema

from shopsite_common.errors import NotFound, ValidationFailed
from shopsite_common.schemas import ResponseBody

Item = TypeVar("Item")

DEFAULT_SIZE = 20
MAX_SIZE = 100
_MAX_DIGITS = 11
_UNREADABLE = -1
_LAST_PAGE = 10**9  # past this an OFFSET would not fit


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for: ``page`` from 1, ``size`` rows each."""

    page: int
    size: int

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


class Page(ResponseBody, Generic[Item]):
    """One page of a list; ``next`` and ``previous`` are absolute links on the origin that the client used."""

    count: int = Field(description="How many there are in all")
    next: str | None = Field(description="The next page")
    previous: str | None = Field(description="The page before")
    results: list[Item]


def _whole(value: Any) -> Any:
    # only ASCII digits: int() would take " 1_0" and other scripts' digits too
    if not isinstance(value, str):
        return value
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS else _UNREADABLE


def _bounded(last: int) -> tuple[BeforeValidator, WithJsonSchema]:
    # the document tells the bounds; they are checked below, because the two parameters fail in different ways
    return BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": last})


async def read_page_request(
    page: Annotated[int, *_bounded(_LAST_PAGE), Query(description="Past the end or no number: 404")] = 1,
    page_size: Annotated[int, *_bounded(MAX_SIZE), Query(description="Out of range or no number: 400")] = DEFAULT_SIZE,
) -> PageRequest:
    """Read ``page`` (404 where there is none such) and ``page_size`` (400 out of range)."""
    if not 1 <= page_size <= MAX_SIZE:
        raise ValidationFailed.of(page_size=f"Must be a whole number from 1 to {MAX_SIZE}.")
    if not 1 <= page <= _LAST_PAGE:
        raise NotFound("Invalid page.")
    return PageRequest(page, page_size)


Paging = Annotated[PageRequest, Depends(read_page_request)]


def origin(request: Request, public_url: str = "") -> str:
    """Return scheme and host that the client used, or the shop's public address where one is set."""
    if public_url:
        return public_url.rstrip("/")
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "localhost")
    return f"{scheme}://{host}"


def page_links(
    request: Request, paging: PageRequest, count: int, public_url: str = ""
) -> tuple[str | None, str | None]:
    """Return the links to the next and to the previous page, or None where there is none."""

    def link(page: int) -> str:
        pairs = [(key, value) for key, value in request.query_params.multi_items() if key != "page"]
        query = urlencode([*pairs, ("page", page)] if page > 1 else pairs)
        return f"{origin(request, public_url)}{request.url.path}" + (f"?{query}" if query else "")

    following = link(paging.page + 1) if paging.offset + paging.size < count else None
    return following, link(paging.page - 1) if paging.page > 1 else None


def page_of(request: Request, paging: PageRequest, count: int, results: Sequence[Item]) -> Page[Item]:
    """Return the body of one page."""
    public_url = request.app.state.resources.settings.public_url
    following, previous = page_links(request, paging, count, public_url)
    return Page(count=count, next=following, previous=previous, results=list(results))
