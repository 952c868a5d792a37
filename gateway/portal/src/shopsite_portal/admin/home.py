"""The first page: how the shop does, and what waits for somebody."""

import asyncio
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from shopsite_portal.admin import charts
from shopsite_portal.admin.api import ApiRefused
from shopsite_portal.admin.visit import SignedIn, Visit

router = APIRouter()

_STAFF = {
    "low": ("/api/admin/inventory/low/", {"page_size": "6"}),
    "products": ("/api/products/", {"page_size": "1"}),
    "reviews": ("/api/reviews/", {"is_approved": "false", "page_size": "1"}),
}
_ADMIN = {
    "sales": ("/api/admin/analytics/sales/", {}),
    "held": ("/api/payment/", {"status": "HELD", "page_size": "1"}),
    "unsent": ("/api/admin/notifications/", {"status": "PENDING", "page_size": "1"}),
    "failed": ("/api/admin/notifications/", {"status": "FAILED", "page_size": "1"}),
    "dead": ("/api/admin/dead-letters/", {"page_size": "1"}),
}


@router.get("/admin/")
async def show_home(visit: SignedIn) -> Response:
    """Show the figures; one that can't be had says so, and the rest stands."""
    wanted = {**_STAFF, **(_ADMIN if visit.person.is_admin else {})}
    answers = await asyncio.gather(*(_figure(visit, path, filters) for path, filters in wanted.values()))
    found = dict(zip(wanted, answers, strict=True))
    sales = found.get("sales")
    bars = charts.bars(sales["series"]) if sales else []
    health = await visit.request.app.state.dashboard.health.look()
    return visit.page("home.html", found=found, bars=bars, chart=charts, health=health.model_dump())


async def _figure(visit: Visit, path: str, filters: dict[str, str]) -> Any:
    try:
        return await visit.api.get(path, **filters)
    except ApiRefused as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            raise
        return None
