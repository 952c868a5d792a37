"""A page of one of the API's lists, with what leads to the other pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shopsite_portal.admin.visit import Visit

PAGE_SIZE = 20


@dataclass(frozen=True)
class Listing:
    """Rows of a list; ``filters`` are those that the visitor chose, empty ones included."""

    rows: list[dict[str, Any]]
    count: int
    number: int
    filters: dict[str, str]

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.count // PAGE_SIZE))

    def link(self, **changes: Any) -> str:
        """Return the query of this list with other filters or another page."""
        chosen = {**self.filters, **{name: str(value) for name, value in changes.items()}}
        return "?" + urlencode({name: value for name, value in chosen.items() if value})


async def list_of(visit: Visit, path: str, filters: Sequence[str], **fixed: str) -> Listing:
    """Ask the API for the page that the visitor's address names.

    Args:
        visit: whose.
        path: the list's path.
        filters: the parameters that go on to the API; a date stands for its first moment, in ``…__lte`` for its last.
        fixed: what the visitor can't choose.
    """
    chosen = {name: visit.request.query_params.get(name, "") for name in filters}
    page = visit.request.query_params.get("page", "1")
    body = await visit.api.get(path, **asked_of(visit, filters), **fixed, page=page, page_size=str(PAGE_SIZE))
    return Listing(body["results"], body["count"], int(page), chosen)


def asked_of(visit: Visit, filters: Sequence[str]) -> dict[str, str]:
    """Return the filters that the visitor's address names, as the API reads them."""
    return {name: _moment_of(name, visit.request.query_params.get(name, "")) for name in filters}


def _moment_of(name: str, value: str) -> str:
    if value and name.endswith("__gte"):
        return f"{value}T00:00:00Z"
    if value and name.endswith("__lte"):
        return f"{value}T23:59:59.999999Z"
    return value
