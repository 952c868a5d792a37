"""Products: the list with its bulk steps, and one product's form."""

import asyncio
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response

from shopsite_portal.admin.api import ApiRefused
from shopsite_portal.admin.forms import faults_of
from shopsite_portal.admin.listing import list_of
from shopsite_portal.admin.visit import SignedIn, Visit

router = APIRouter()
LIST = "/admin/products/"
_API = "/api/products/"
_FILTERS = ("search", "category", "is_featured", "is_in_stock", "ordering")
_EMPTY = {
    "name": "",
    "description": "",
    "price": "",
    "category": "",
    "tags": "",
    "stock": "0",
    "low_stock_threshold": "5",
    "is_featured": False,
}


@router.get(LIST)
async def show_products(visit: SignedIn) -> Response:
    """List the products, or those that are low."""
    categories, listing = await asyncio.gather(
        visit.api.get("/api/categories/", page_size="100"), list_of(visit, _API, _FILTERS)
    )
    pictures = [image["url"] for row in listing.rows for image in row["images"][:1]]
    return visit.page("products.html", listing=listing, categories=categories["results"], pictures=pictures)


@router.get("/admin/products/low/")
async def show_low_stock(visit: SignedIn) -> Response:
    """List what is at or under its threshold."""
    return visit.page("low_stock.html", listing=await list_of(visit, "/api/admin/inventory/low/", ()))


@router.post("/admin/products/bulk/")
async def change_many(visit: SignedIn) -> Response:
    """Put the chosen products into the shop window, or take them out."""
    chosen = [str(value) for value in visit.form.getlist("chosen")]
    if not chosen:
        return visit.go(LIST, "Choose products first.", tone="bad")
    featured = visit.field("step") == "feature"
    for product_id in chosen:
        await visit.api.call("PATCH", f"{_API}{product_id}/", json={"is_featured": featured})
    done = "featured" if featured else "no longer featured"
    return visit.go(LIST, f"{len(chosen)} product{'s' if len(chosen) != 1 else ''} {done}.")


@router.get("/admin/products/new/")
async def show_new_product(visit: SignedIn) -> Response:
    """Show the empty form."""
    return visit.page("product_new.html", values=_EMPTY, faults={})


@router.post("/admin/products/new/")
async def create_product(visit: SignedIn) -> Response:
    """Put a product on sale, or show again what was wrong."""
    body = {**_fields_of(visit), "stock": visit.field("stock")}
    try:
        made = await visit.api.call("POST", _API, json=_numbers(body))
    except ApiRefused as refusal:
        return _again(visit, refusal, "product_new.html")
    return visit.go(f"{LIST}{made['id']}/", "The product is on sale.")


@router.get("/admin/products/{product_id}/")
async def show_product(visit: SignedIn, product_id: str) -> Response:
    """Show one product with its pictures and its stock's ledger."""
    product = await visit.api.get(f"{_API}{product_id}/")
    values = {**product, "category": product["category"] or "", "tags": ", ".join(product["tags"])}
    return await _product_page(visit, product, values)


@router.post("/admin/products/{product_id}/")
async def change_product(visit: SignedIn, product_id: str) -> Response:
    """Change a product, or show again what was wrong."""
    try:
        await visit.api.call("PATCH", f"{_API}{product_id}/", json=_numbers(_fields_of(visit)))
    except ApiRefused as refusal:
        product = await visit.api.get(f"{_API}{product_id}/")
        return await _product_page(visit, product, _typed(visit), refusal)
    return visit.go(f"{LIST}{product_id}/", "Saved.")


@router.post("/admin/products/{product_id}/delete/")
async def delete_product(visit: SignedIn, product_id: str) -> Response:
    """Take a product off the shop; orders keep what they say of it."""
    await visit.api.call("DELETE", f"{_API}{product_id}/")
    return visit.go(LIST, "The product is deleted.")


@router.post("/admin/products/{product_id}/stock/")
async def adjust_stock(visit: SignedIn, product_id: str) -> Response:
    """Correct the stock, with the reason."""
    body = _numbers({"delta": visit.field("delta"), "reason": visit.field("reason")})
    here = f"{LIST}{product_id}/"
    return await visit.attempt("POST", f"{_API}{product_id}/stock/", json=body, to=here, done="The stock is corrected.")


async def _product_page(
    visit: Visit, product: dict[str, Any], values: dict[str, Any], refusal: ApiRefused | None = None
) -> Response:
    ledger = await list_of(visit, f"{_API}{product['id']}/stock/", ())
    pictures = [image["url"] for image in product["images"]]
    return visit.page(
        "product.html",
        status=refusal.status if refusal else HTTPStatus.OK,
        product=product,
        values=values,
        faults=faults_of(refusal) if refusal else {},
        listing=ledger,
        pictures=pictures,
    )


def _again(visit: Visit, refusal: ApiRefused, template: str) -> Response:
    return visit.page(template, status=refusal.status, values=_typed(visit), faults=faults_of(refusal))


def _typed(visit: Visit) -> dict[str, Any]:
    return {**{name: visit.field(name) for name in _EMPTY}, "is_featured": "is_featured" in visit.form}


def _fields_of(visit: Visit) -> dict[str, Any]:
    typed = _typed(visit)
    del typed["stock"]
    tags = [tag.strip() for tag in typed["tags"].split(",") if tag.strip()]
    return {**typed, "tags": tags, "category": typed["category"] or None}


def _numbers(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with whole numbers as numbers; what is none goes as it was typed, and the API says so."""
    whole = {"stock", "low_stock_threshold", "delta"}
    return {
        name: int(value) if name in whole and value.lstrip("+-").isdecimal() else value for name, value in body.items()
    }
