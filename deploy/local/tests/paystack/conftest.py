"""A simulator on a clock that tests move, and a shop that collects its webhooks."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from shopsite_local.paystack.app import create_app
from shopsite_local.paystack.options import Options

KEY = "sk_test_of_these_tests"


@dataclass
class Shop:
    """The other side of the webhooks; answers `status` to each."""

    status: int = 200
    received: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request)
        return httpx.Response(self.status)

    @property
    def events(self) -> list[str]:
        import json

        return [json.loads(request.content)["event"] for request in self.received]


@dataclass
class Clock:
    """Time that stands still until moved."""

    now: float = 1_795_429_662.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A running simulator with a client for its API, its page and its control endpoints."""

    app: Any
    api: httpx.AsyncClient
    visitor: httpx.AsyncClient
    shop: Shop
    clock: Clock

    async def begin(self, **changes: Any) -> dict[str, Any]:
        body = {"email": "ada@example.com", "amount": 500_000, "currency": "NGN", **changes}
        answer = await self.api.post("/transaction/initialize", json=body)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def submit(self, begun: dict[str, Any], **form: str) -> httpx.Response:
        return await self.visitor.post(f"/{begun['access_code']}", data=form)

    async def paid(self, **changes: Any) -> str:
        begun = await self.begin(**changes)
        await self.submit(begun, outcome="success")
        return str(begun["reference"])

    async def verify(self, reference: str) -> dict[str, Any]:
        data: dict[str, Any] = (await self.api.get(f"/transaction/verify/{reference}")).json()["data"]
        return data

    async def configure(self, **settings: Any) -> httpx.Response:
        return await self.visitor.post("/_simulator/settings", json=settings)

    async def deliveries(self, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.visitor.get("/_simulator/deliveries", params=query)).json()
        return found

    async def later(self, seconds: float) -> None:
        """Moves the clock and wakes the courier."""
        self.clock.now += seconds
        self.app.state.simulator.on_due()

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "not within 5 s"
            await asyncio.sleep(0.005)

    async def settled(self) -> None:
        """Waits until the courier has nothing left that is due."""
        courier, simulator = self.app.state.courier, self.app.state.simulator
        await self.until(
            lambda: not (courier._wake.is_set() or courier._under_way or courier._due()) and not _refunds_due(simulator)
        )


def _refunds_due(simulator: Any) -> bool:
    from shopsite_local.paystack import repository

    due = repository.next_due(simulator.db, "refunds")
    return due is not None and due <= simulator.now()


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., contextlib.AbstractAsyncContextManager[Bench]]:
    """Starts a simulator on this test's folder; called again, it finds what the first one left."""

    @contextlib.asynccontextmanager
    async def run(clock: Clock | None = None, **options: Any) -> AsyncIterator[Bench]:
        chosen = {"webhook_url": "http://shop.example/hook/", "public_url": "http://simulator", **options}
        shop, clock = Shop(), clock or Clock()
        app = create_app(
            Options(secret_key=KEY, state_dir=tmp_path, **chosen), clock=clock, transport=httpx.MockTransport(shop)
        )
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            headers = {"authorization": f"Bearer {KEY}"}
            async with (
                httpx.AsyncClient(transport=transport, base_url="http://simulator", headers=headers) as api,
                httpx.AsyncClient(transport=transport, base_url="http://simulator") as visitor,
            ):
                yield Bench(app, api, visitor, shop, clock)

    return run


@pytest.fixture
async def bench(start: Callable[..., contextlib.AbstractAsyncContextManager[Bench]]) -> AsyncIterator[Bench]:
    async with start() as running:
        yield running
