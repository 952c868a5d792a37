"""Puts the simulator together."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shopsite_local.cloudinary import api, control, delivery
from shopsite_local.cloudinary.cloud import Cloud, Options
from shopsite_local.serving import Banner, healthy

BANNER = "x-cloudinary-simulator"
HEALTH = [Route("/health/live", healthy), Route("/health/ready", healthy)]


def create_app(options: Options, *, clock: Callable[[], float] = time.time) -> Starlette:
    """Builds the ASGI application; a test gives its own clock."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.cloud = Cloud(options, clock=clock)
        yield
        app.state.cloud.close()

    return Starlette(
        routes=[*HEALTH, *control.ROUTES, *api.ROUTES, *delivery.ROUTES],
        middleware=[Middleware(Banner, BANNER)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )


async def _http_error(_request: Request, raised: Exception) -> Response:
    """Answers in Cloudinary's error body."""
    if not isinstance(raised, HTTPException):
        return api.error("General Error", 500)
    response = api.error(raised.detail, raised.status_code)
    response.headers.update(raised.headers or {})
    return response
