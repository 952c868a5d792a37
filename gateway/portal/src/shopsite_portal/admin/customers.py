"""Customers and colleagues: search, make, change, deactivate and erase accounts."""

from typing import Any

from fastapi import APIRouter, Response

from shopsite_portal.admin.api import ApiRefused
from shopsite_portal.admin.forms import faults_of
from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import AdminVisit, Visit

router = APIRouter()
LIST = "/admin/customers/"
_API = "/api/admin/customers/"
_FILTERS = ("search", "role", "is_active", "ordering")
_TEXTS = ("email", "first_name", "last_name", "phone_number", "role")
_EMPTY = {**dict.fromkeys(_TEXTS, ""), "role": "customer", "is_active": True}


@router.get(LIST)
async def show_customers(visit: AdminVisit) -> Response:
    """List the accounts."""
    return visit.page("customers.html", listing=await list_of(visit, _API, _FILTERS))


@router.get("/admin/customers/new/")
async def show_new_customer(visit: AdminVisit) -> Response:
    """Show the empty form."""
    return visit.page("customer_new.html", values=_EMPTY, faults={})


@router.post("/admin/customers/new/")
async def create_customer(visit: AdminVisit) -> Response:
    """Make an account, or show again what was wrong; the password is never shown again."""
    body = {**_fields_of(visit), "password": str(visit.form.get("password", ""))}
    try:
        made = await visit.api.call("POST", _API, json=body)
    except ApiRefused as refusal:
        faults = faults_of(refusal)
        return visit.page("customer_new.html", status=refusal.status, values=_typed(visit), faults=faults)
    return visit.go(f"{LIST}{made['id']}/", "The account is made, and a welcome mail is on its way.")


@router.get("/admin/customers/{customer_id}/")
async def show_customer(visit: AdminVisit, customer_id: str) -> Response:
    """Show one account with its orders."""
    customer = await visit.api.get(f"{_API}{customer_id}/")
    return await _customer_page(visit, customer, {**customer, "phone_number": customer["phone_number"] or ""})


@router.post("/admin/customers/{customer_id}/")
async def change_customer(visit: AdminVisit, customer_id: str) -> Response:
    """Change an account, or show again what was wrong; another role or none signs its holder out."""
    try:
        await visit.api.call("PATCH", f"{_API}{customer_id}/", json=_fields_of(visit))
    except ApiRefused as refusal:
        customer = await visit.api.get(f"{_API}{customer_id}/")
        return await _customer_page(visit, customer, _typed(visit), refusal)
    return visit.go(f"{LIST}{customer_id}/", "Saved.")


@router.post("/admin/customers/{customer_id}/erase/")
async def erase_customer(visit: AdminVisit, customer_id: str) -> Response:
    """Erase what the shop knows of a person, if their address was typed to confirm it."""
    customer = await visit.api.get(f"{_API}{customer_id}/")
    here = f"{LIST}{customer_id}/"
    if visit.field("confirmation") != customer["email"]:
        return visit.go(here, "Nothing was erased: type the e-mail address to confirm.", tone="bad")
    try:
        await visit.api.call("DELETE", f"{_API}{customer_id}/")
    except ApiRefused as refusal:
        return visit.go(here, refusal.message, tone="bad")
    return visit.go(LIST, "The person is erased.")


async def _customer_page(
    visit: Visit, customer: dict[str, Any], values: dict[str, Any], refusal: ApiRefused | None = None
) -> Response:
    faults = faults_of(refusal) if refusal else {}
    orders = await visit.api.get("/api/orders/", customer=customer["id"], page_size="10")
    status = refusal.status if refusal else 200
    return visit.page("customer.html", status=status, customer=customer, values=values, faults=faults, orders=orders)


def _typed(visit: Visit) -> dict[str, Any]:
    return {**{name: visit.field(name) for name in _TEXTS}, "is_active": "is_active" in visit.form}


def _fields_of(visit: Visit) -> dict[str, Any]:
    typed = _typed(visit)
    return {**typed, "phone_number": typed["phone_number"] or None}
