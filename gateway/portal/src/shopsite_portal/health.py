"""The health of the whole shop: every service's readiness, asked at the same time."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Literal

import httpx
from fastapi import APIRouter, Response
from pydantic import Field

from shopsite_common.schemas import ResponseBody

Status = Literal["ok", "degraded", "unavailable"]
_SECONDS = 2.0
_FRESH_SECONDS = 1.0


class ServiceHealth(ResponseBody):
    """One service: what it says of itself, or `unavailable` when it says nothing."""

    status: Status
    version: str = ""
    dependencies: dict[str, Literal["ok", "unavailable"]] = Field(default_factory=dict)


class ShopHealth(ResponseBody):
    """``ok`` if everything is, ``degraded`` if something helpful is missing, else ``unavailable``."""

    status: Status
    services: dict[str, ServiceHealth]


class HealthWatch:
    """Asks every service; callers at the same time share one answer, so that nobody can flood the services with it.

    Args:
        http: the client to ask with.
        urls: base URLs by name.
    """

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str]) -> None:
        self._http = http
        self._urls = urls
        self._lock = asyncio.Lock()
        self._last: ShopHealth | None = None
        self._asked_at = 0.0

    async def look(self) -> ShopHealth:
        """Return the shop's health, at most a second old."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._asked_at >= _FRESH_SECONDS:
                self._last = await self._ask_all()
                self._asked_at = time.monotonic()
            return self._last

    async def _ask_all(self) -> ShopHealth:
        answers = await asyncio.gather(*(self._ask(url) for url in self._urls.values()))
        services = dict(zip(self._urls, answers, strict=True))
        return ShopHealth(status=_worst([answer.status for answer in answers]), services=services)

    async def _ask(self, url: str) -> ServiceHealth:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._http.get(f"{url}/health/ready")
            told: dict[str, Any] = answer.json()
            return ServiceHealth.model_validate({key: told[key] for key in ServiceHealth.model_fields if key in told})
        except (httpx.HTTPError, TimeoutError, ValueError, TypeError):
            return ServiceHealth(status="unavailable")


def _worst(statuses: list[Status]) -> Status:
    order: tuple[Status, ...] = ("unavailable", "degraded", "ok")
    return next((status for status in order if status in statuses), "ok")


def shop_health_router(watch: HealthWatch) -> APIRouter:
    """Return the route ``/api/health/``."""
    router = APIRouter(tags=["Shop"])

    @router.get(
        "/api/health/",
        summary="Health of the whole shop",
        operation_id="get_health",
        responses={503: {"model": ShopHealth, "description": "A service cannot work."}},
    )
    async def health(response: Response) -> ShopHealth:
        found = await watch.look()
        response.headers["Cache-Control"] = "no-store"
        if found.status == "unavailable":
            response.status_code = 503
        return found

    return router
