"""The dashboard as a part of the portal's application: its routes, what they share, and how they refuse."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from shopsite_portal.admin import (
    audit,
    customers,
    dead_letters,
    export,
    home,
    notifications,
    orders,
    payments,
    pictures,
    products,
    reviews,
    sign_in,
)
from shopsite_portal.admin.api import ApiRefused, Backends
from shopsite_portal.admin.rendering import render
from shopsite_portal.admin.visit import refuse_foreign_forms
from shopsite_portal.health import HealthWatch

_PAGES = (
    sign_in,
    home,
    products,
    pictures,
    orders,
    export,
    payments,
    customers,
    reviews,
    notifications,
    dead_letters,
    audit,
)


@dataclass(frozen=True)
class Dashboard:
    """What all visits share."""

    backends: Backends
    health: HealthWatch
    shop_name: str


def install(app: FastAPI, dashboard: Dashboard) -> None:
    """Add the dashboard's routes to the application."""
    app.state.dashboard = dashboard
    router = APIRouter(include_in_schema=False, dependencies=[Depends(refuse_foreign_forms)])
    for page in _PAGES:
        router.include_router(page.router)
    # last, because it takes whatever is left
    router.add_api_route("/admin{rest:path}", find_nothing, methods=["GET"])
    app.include_router(router)
    app.add_exception_handler(ApiRefused, _on_refusal)


async def find_nothing(request: Request, rest: str) -> Response:
    """Lead to the address with its last slash; with one there is nothing here."""
    if not rest.endswith("/"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/admin{rest}/{query}", HTTPStatus.PERMANENT_REDIRECT)
    raise ApiRefused(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")


async def _on_refusal(request: Request, error: Exception) -> Response:
    """Send a stranger to the sign-in; tell everybody else what is wrong, on a page."""
    refusal = error if isinstance(error, ApiRefused) else ApiRefused(500, "internal_error", "Something went wrong.")
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        return sign_in.way_to_sign_in(request)
    name = request.app.state.dashboard.shop_name
    return render("refused.html", status=refusal.status, shop_name=name, refusal=refusal)
