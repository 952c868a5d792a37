"""The portal over services that are an httpx transport: they answer what a test says, or nothing."""

import httpx
import pytest

from shopsite_portal.main import create
from shopsite_portal.settings import Settings


class Services:
    """What each URL answers; a URL without an answer is down."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    def __call__(self, request):
        self.asked.append(str(request.url))
        if str(request.url) not in self.answers:
            raise httpx.ConnectError("down", request=request)
        status, body = self.answers[str(request.url)]
        return httpx.Response(status, json=body)


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def settings(tmp_path):
    return Settings(
        state_dir=tmp_path,
        redis_url="redis://127.0.0.1:1",
        shopsite_rate_limit_anonymous=0,
        authz_url="http://authz",
        **{
            f"{name}_url": f"http://{name}"
            for name in ("identity", "catalog", "cart", "orders", "payments", "notifications")
        },
    )


@pytest.fixture
def make_app(services, settings):
    def make(**changes):
        http = httpx.AsyncClient(transport=httpx.MockTransport(services))
        return create(settings.model_copy(update=changes), http=http)

    return make


@pytest.fixture
async def portal(make_app):
    transport = httpx.ASGITransport(make_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        yield client
