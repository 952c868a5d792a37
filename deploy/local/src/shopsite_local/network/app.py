"""The proxies of one test shop in one process, and the few calls that tell them what to do."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shopsite_local.network.proxy import FaultProxy
from shopsite_local.serving import healthy


class Order(BaseModel):
    """What is to be done to a link: a fault of `proxy`, `reset`, or `none`, which heals."""

    model_config = ConfigDict(extra="forbid")

    fault: Literal["cut", "reset", "delay", "blackhole", "mute", "none"]
    seconds: float = Field(default=0.0, ge=0, le=60, description="For `delay`.")


def create_app(links: Mapping[str, tuple[int, int]]) -> Starlette:
    """Builds the application; `links` names, per link, the port to listen on and the one to forward to."""
    proxies = {name: FaultProxy(port, target) for name, (port, target) in links.items()}

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        for proxy in proxies.values():
            await proxy.start()
        yield
        for proxy in proxies.values():
            await proxy.close()

    async def show(_request: Request) -> Response:
        return JSONResponse({name: _described(proxy) for name, proxy in proxies.items()})

    async def change(request: Request) -> Response:
        proxy = proxies.get(request.path_params["name"])
        if proxy is None:
            return JSONResponse({"error": f"links are {', '.join(proxies)}"}, status_code=404)
        try:
            order = Order.model_validate(json.loads(await request.body()))
        except (ValidationError, ValueError) as refused:
            return JSONResponse({"error": str(refused)}, status_code=400)
        await carry_out(proxy, order)
        return JSONResponse(_described(proxy))

    async def heal(_request: Request) -> Response:
        for proxy in proxies.values():
            await proxy.heal()
        return JSONResponse({"status": "healed"})

    return Starlette(
        routes=[
            Route("/health/ready", healthy),
            Route("/links", show, methods=["GET"]),
            Route("/links", heal, methods=["DELETE"]),
            Route("/links/{name}", change, methods=["PUT"]),
        ],
        lifespan=lifespan,
    )


async def carry_out(proxy: FaultProxy, order: Order) -> None:
    """Does to a proxy what an order says."""
    match order.fault:
        case "reset":
            proxy.reset()
        case "delay":
            await proxy.delay(order.seconds)
        case "cut":
            await proxy.cut()
        case "blackhole":
            await proxy.blackhole()
        case "mute":
            await proxy.mute()
        case "none":
            await proxy.heal()


def _described(proxy: FaultProxy) -> dict[str, str | int]:
    return {"port": proxy.port, "target": proxy.target, "fault": proxy.fault, "connections": proxy.connections}
