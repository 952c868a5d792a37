"""Puts the simulator together."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shopsite_local.paystack import api, control, errors, pages
from shopsite_local.paystack.courier import Courier
from shopsite_local.paystack.options import Options
from shopsite_local.paystack.simulator import Clock, Simulator
from shopsite_local.serving import Banner, healthy

BANNER = "x-paystack-simulator"
HEALTH = [Route("/health/live", healthy), Route("/health/ready", healthy)]


def create_app(
    options: Options, *, clock: Clock = time.time, transport: httpx.AsyncBaseTransport | None = None
) -> Starlette:
    """Builds the ASGI application; a test gives its own clock and a transport for the webhooks."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        simulator = Simulator(options, clock=clock)
        courier = Courier(simulator, transport=transport)
        app.state.simulator, app.state.courier = simulator, courier
        task = asyncio.create_task(courier.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await courier.close()
        simulator.close()

    return Starlette(
        # The page's path takes any single word, so it comes last.
        routes=[*HEALTH, *control.ROUTES, *api.ROUTES, *pages.ROUTES],
        middleware=[Middleware(Banner, BANNER)],
        exception_handlers={HTTPException: _http_error, errors.Refused: _refused},
        lifespan=lifespan,
    )


async def _http_error(_request: Request, error: Exception) -> Response:
    """Answers what no route takes with Paystack's envelope."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "An error occurred"
    return JSONResponse({"status": False, "message": detail}, status_code=status)


async def _refused(_request: Request, error: Exception) -> Response:
    """Answers a refusal raised outside the API's calls."""
    refused = error if isinstance(error, errors.Refused) else errors.Refused(str(error))
    return JSONResponse(refused.body(), status_code=refused.status)
