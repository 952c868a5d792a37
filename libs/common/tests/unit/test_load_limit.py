"""A process with too much to do says so at once, and takes on more as soon as it can."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from shopsite_common.load_limit import LoadLimit
from shopsite_common.middleware import RequestMiddleware


@pytest.fixture
def may_end():
    return asyncio.Event()


@pytest.fixture
async def client(may_end):
    app = FastAPI()

    @app.get("/api/slow/")
    async def slow() -> str:
        await may_end.wait()
        return "done"

    @app.get("/api/broken/")
    async def broken() -> str:
        raise ZeroDivisionError

    @app.get("/health/live")
    async def live() -> str:
        return "ok"

    app.add_middleware(LoadLimit, most=2)
    app.add_middleware(RequestMiddleware)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.com") as found:
        yield found


async def begin(client, count):
    tasks = [asyncio.create_task(client.get("/api/slow/")) for _ in range(count)]
    await asyncio.sleep(0.05)
    return tasks


async def test_what_is_too_much_is_refused_at_once_in_the_shops_own_form(client, may_end):
    taken = await begin(client, 2)
    answer = await client.get("/api/slow/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"]
    assert answer.json()["code"] == "overloaded"
    may_end.set()
    assert [(await task).status_code for task in taken] == [200, 200]


async def test_a_place_that_is_free_again_is_given_away(client, may_end):
    taken = await begin(client, 2)
    may_end.set()
    await asyncio.gather(*taken)
    assert (await client.get("/api/slow/")).status_code == 200


async def test_neither_a_failure_nor_a_client_that_leaves_keeps_a_place(client, may_end):
    for _ in range(4):
        assert (await client.get("/api/broken/")).status_code == 500
    for task in await begin(client, 2):
        task.cancel()
    await asyncio.sleep(0.05)
    may_end.set()
    assert (await client.get("/api/slow/")).status_code == 200


async def test_health_is_told_whatever_the_load(client, may_end):
    taken = await begin(client, 2)
    assert (await client.get("/health/live")).status_code == 200
    may_end.set()
    await asyncio.gather(*taken)
