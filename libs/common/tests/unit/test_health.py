"""A process's readiness, with something that it needs or likes down."""

import httpx
import pytest
from fastapi import FastAPI

from shopsite_common.errors import Unavailable
from shopsite_common.health import health_router
from shopsite_common.redis_client import open_redis


async def well():
    """Stands for a dependency that answers."""


async def down():
    raise Unavailable


async def ready_of(*, needed, helpful):
    app = FastAPI()
    app.include_router(health_router("cart", "1.0.0", needed=needed, helpful=helpful))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cart") as client:
        return await client.get("/health/ready")


async def test_a_redis_that_is_down_leaves_the_process_ready_and_degraded():
    redis = open_redis("redis://127.0.0.1:1")
    answer = await ready_of(needed={"database": well}, helpful={"redis": redis.ping})
    await redis.aclose()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded",
        "service": "cart",
        "version": "1.0.0",
        "dependencies": {"database": "ok", "redis": "unavailable"},
    }


@pytest.mark.parametrize(("probe", "status", "word"), [(well, 200, "ok"), (down, 503, "unavailable")])
async def test_without_its_database_a_process_is_not_ready(probe, status, word):
    answer = await ready_of(needed={"database": probe}, helpful={"redis": well})
    assert (answer.status_code, answer.json()["status"]) == (status, word)
    assert answer.json()["dependencies"]["database"] == word
