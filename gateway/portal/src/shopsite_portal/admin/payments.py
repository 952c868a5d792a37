"""Payments: the list, one payment with its attempts and refunds, and the ways out for held money."""

import secrets
from typing import Any

from fastapi import APIRouter, Response

from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit

router = APIRouter()
LIST = "/admin/payments/"
_API = "/api/payment/"


@router.get(LIST)
async def show_payments(visit: AdminVisit) -> Response:
    """List the payments."""
    return visit.page("payments.html", listing=await list_of(visit, _API, ("status", "order")))


@router.get("/admin/payments/{payment_id}/")
async def show_payment(visit: AdminVisit, payment_id: str) -> Response:
    """Show one payment; its attempts are what the order's story tells of them."""
    payment = await visit.api.get(f"{_API}{payment_id}/")
    order = await visit.api.get(f"/api/orders/{payment['order_id']}/")
    story = await visit.api.get(f"/api/orders/{payment['order_id']}/timeline/")
    attempts = [entry for entry in story if _is_about_money(entry)]
    # a form that is sent twice refunds once
    return visit.page("payment.html", payment=payment, order=order, attempts=attempts, key=secrets.token_hex(16))


@router.post("/admin/payments/{payment_id}/refund/")
async def refund_payment(visit: AdminVisit, payment_id: str) -> Response:
    """Give money back: an amount, or all that is left."""
    body = {name: visit.field(name) for name in ("amount", "reason") if visit.field(name)}
    headers = {"Idempotency-Key": visit.field("key")}
    path, here = f"{_API}{payment_id}/refund/", f"{LIST}{payment_id}/"
    return await visit.attempt("POST", path, json=body, headers=headers, to=here, done="The refund is under way.")


def _is_about_money(entry: dict[str, Any]) -> bool:
    return any(word in entry["kind"] for word in ("paid", "payment", "webhook", "refund"))
