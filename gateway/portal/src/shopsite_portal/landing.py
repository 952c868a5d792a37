"""The landing page: what this is, and where everything is; in development also how the shop does."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
from fastapi import APIRouter, Response

from shopsite_common.logs import get_logger
from shopsite_common.service_tokens import ServiceSigner
from shopsite_portal.health import HealthWatch
from shopsite_portal.pages import render_page
from shopsite_portal.settings import Settings

log = get_logger(__name__)
_SECONDS = 2.0


class Figures:
    """What a shop under development shows of itself to everybody; a figure that can't be had is left out.

    Args:
        http: the client to ask with.
        settings: where the services are, and the key with which orders is asked.
    """

    def __init__(self, http: httpx.AsyncClient, settings: Settings) -> None:
        self._http = http
        self._products_url = f"{settings.url_of('catalog')}/api/products/"
        self._today_url = f"{settings.url_of('orders')}/internal/orders/today/"
        self._signer = ServiceSigner("portal", settings.service_key_file)

    async def look(self) -> dict[str, str]:
        """Return the figures for people, by name."""
        products, today = await asyncio.gather(self._products(), self._today())
        return {**products, **today}

    async def _products(self) -> dict[str, str]:
        found = await self._ask(self._products_url, {})
        return {"Products": f"{found['count']:,}"} if "count" in found else {}

    async def _today(self) -> dict[str, str]:
        try:
            token = self._signer.token_for("orders")
        except OSError:
            return {}  # no key: a portal that runs by itself
        found = await self._ask(self._today_url, {"Authorization": f"Bearer {token}"})
        if "revenue_today" not in found:
            return {}
        revenue = f"{found['currency']} {Decimal(found['revenue_today']):,.2f}"
        return {"Orders": f"{found['orders']:,}", "Paid today": f"{found['paid_today']:,}", "Revenue today": revenue}

    async def _ask(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._http.get(url, headers=headers)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("figure_unavailable", error=type(error).__name__)
            return {}
        return found


def landing_router(settings: Settings, http: httpx.AsyncClient, health: HealthWatch) -> APIRouter:
    """Return the route of the page; in production it asks nobody anything."""
    router = APIRouter(include_in_schema=False)
    figures = Figures(http, settings)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def landing() -> Response:
        name = settings.shop_name
        if settings.production:
            return render_page("landing.html", shop_name=name, figures={}, health="", simulators={})
        found, seen = await asyncio.gather(figures.look(), health.look())
        page = render_page(
            "landing.html", shop_name=name, figures=found, health=seen.status, simulators=settings.simulators
        )
        page.headers["Cache-Control"] = "no-store"
        return page

    return router
