"""Orders: the list, one order with its story, and its steps."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit

router = APIRouter()
LIST = "/admin/orders/"
API = "/api/orders/"
FILTERS = ("status", "created_at__gte", "created_at__lte", "customer")
_CANCELLABLE = {"CREATED", "PENDING", "PROCESSING"}


@router.get(LIST)
async def show_orders(visit: AdminVisit) -> Response:
    """List the orders."""
    return visit.page("orders.html", listing=await list_of(visit, API, FILTERS))


@router.get("/admin/orders/{order_id}/")
async def show_order(visit: AdminVisit, order_id: str) -> Response:
    """Show one order: what was bought, where it goes, how it was paid, and all that happened."""
    order, story, payments = await asyncio.gather(
        visit.api.get(f"{API}{order_id}/"),
        visit.api.get(f"{API}{order_id}/timeline/"),
        visit.api.get("/api/payment/", order=order_id),
    )
    payment = next(iter(payments["results"]), None)
    can_cancel = order["status"] in _CANCELLABLE
    return visit.page("order.html", order=order, story=_told(story), payment=payment, can_cancel=can_cancel)


@router.post("/admin/orders/{order_id}/ship/")
async def ship_order(visit: AdminVisit, order_id: str) -> Response:
    """Note by whom the parcel travels; the customer is told."""
    body = {name: visit.field(name) for name in ("carrier", "tracking_number") if visit.field(name)}
    path = f"{API}{order_id}/mark_as_shipped/"
    return await visit.attempt("POST", path, json=body, to=f"{LIST}{order_id}/", done="The order is shipped.")


@router.post("/admin/orders/{order_id}/complete/")
async def complete_order(visit: AdminVisit, order_id: str) -> Response:
    """Note that the parcel arrived."""
    path = f"{API}{order_id}/mark_as_completed/"
    return await visit.attempt("POST", path, to=f"{LIST}{order_id}/", done="The order is completed.")


@router.post("/admin/orders/{order_id}/cancel/")
async def cancel_order(visit: AdminVisit, order_id: str) -> Response:
    """Cancel it: the stock comes back, and what was paid."""
    path = f"{API}{order_id}/cancel/"
    return await visit.attempt("POST", path, to=f"{LIST}{order_id}/", done="The order is cancelled.")


def _told(story: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the story with the trace apart from the other details, and without those that say nothing."""
    return [{**entry, "trace_id": entry["details"].pop("trace_id", None), "details": _said(entry)} for entry in story]


def _said(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry["details"].items() if value not in (None, "")}
