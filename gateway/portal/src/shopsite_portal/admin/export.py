"""Orders as a CSV file, with the filters of the list."""

import csv
import io
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from shopsite_portal.admin.api import ApiRefused
from shopsite_portal.admin.listing import asked_of
from shopsite_portal.admin.orders import API, FILTERS
from shopsite_portal.admin.visit import AdminVisit, Visit

router = APIRouter()
_PAGE_SIZE = 100
_COLUMNS = (
    "number", "status", "created_at", "customer", "pieces", "total", "currency", "carrier", "tracking_number",
    "shipping_address", "billing_address",
)  # fmt: skip
# what a spreadsheet would take for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


# the dot keeps it apart from an order's id
@router.get("/admin/orders.csv")
async def export_orders(visit: AdminVisit) -> Response:
    """Send the file as it is read, page by page, from the newest order on."""
    first = await _page(visit, 1)
    headers = {"Content-Disposition": 'attachment; filename="orders.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(visit, first), headers=headers, media_type="text/csv")


async def _lines(visit: Visit, first: dict[str, Any]) -> AsyncIterator[str]:
    yield _line(_COLUMNS)
    page, number = first, 1
    while True:
        for order in page["results"]:
            pieces = sum(item["quantity"] for item in order["items"])
            yield _line([_cell({**order, "pieces": pieces}[name]) for name in _COLUMNS])
        if not page["next"]:
            return
        number += 1
        page = await _page(visit, number)


async def _page(visit: Visit, number: int) -> dict[str, Any]:
    """Return a page of the orders; one that has gone since is empty."""
    try:
        page: dict[str, Any] = await visit.api.get(
            API, **asked_of(visit, FILTERS), page=str(number), page_size=str(_PAGE_SIZE)
        )
    except ApiRefused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        return {"results": [], "next": None}
    return page


def _line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
