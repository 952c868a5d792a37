"""An API call and its answer: the key, the body, the envelope, and the faults that were asked for."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shopsite_local.faults import LostReply
from shopsite_local.paystack import errors
from shopsite_local.paystack.behaviour import Behaviour
from shopsite_local.paystack.courier import Courier
from shopsite_local.paystack.simulator import Simulator

TOO_MANY = 429


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a handler needs of a request."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    ip_address: str | None

    @property
    def reference(self) -> str:
        """The transaction that the call names, where settings of one reference apply; empty if none."""
        named = self.path.get("key") or self.body.get("reference") or self.body.get("transaction")
        return str(named or "")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a handler answers."""

    message: str
    data: Any = None
    meta: Mapping[str, Any] | None = None
    events_first: str = field(default="")
    """A reference whose webhooks are to arrive before this answer."""

    def body(self) -> dict[str, Any]:
        """Returns Paystack's envelope."""
        envelope: dict[str, Any] = {"status": True, "message": self.message}
        if self.data is not None:
            envelope["data"] = self.data
        return envelope | ({"meta": self.meta} if self.meta is not None else {})


Handler = Callable[[Simulator, Call], Reply]


def api(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Makes a route's endpoint of a handler."""

    async def endpoint(request: Request) -> Response:
        simulator: Simulator = request.app.state.simulator
        call = await _read(request)
        behaviour = simulator.behaviour(call.reference)
        if simulator.take("fail_next", call.reference):
            response = _failure(behaviour)
        else:
            response = await _answer(request, handler, call)
        await asyncio.sleep(behaviour.latency_ms / 1000)
        return LostReply() if simulator.take("drop_next", call.reference) else response

    return endpoint


def _failure(behaviour: Behaviour) -> Response:
    """A failing call's answer: the documented bodies of 429 and of any other status."""
    if behaviour.fail_status == TOO_MANY:
        error = errors.Refused(
            "Rate limit exceeded!",
            kind="api_error",
            code="rate_limited",
            next_step="Wait a few minutes and try the API call again",
        )
        return behaviour.failure(error.body(), headers={"retry-after": "1"})
    return behaviour.failure(errors.Refused("An error occurred", kind="api_error", code="unknown").body())


async def _answer(request: Request, handler: Handler, call: Call) -> Response:
    simulator: Simulator = request.app.state.simulator
    courier: Courier = request.app.state.courier
    try:
        _check_key(request, simulator.options.secret_key)
        reply = handler(simulator, call)
    except errors.Refused as refused:
        return JSONResponse(refused.body(), status_code=refused.status)
    if reply.events_first:
        await courier.flush(reply.events_first)
    return JSONResponse(reply.body())


def _check_key(request: Request, secret_key: str) -> None:
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {secret_key}".encode()):
        raise errors.invalid_key()


async def _read(request: Request) -> Call:
    return Call(
        path={name: str(value) for name, value in request.path_params.items()},
        query=request.query_params,
        body=await read_body(request),
        ip_address=request.client.host if request.client else None,
    )


async def read_body(request: Request) -> dict[str, Any]:
    """Returns a body of JSON or of a form, an empty one as {}; raises `HTTPException` 400."""
    if "form" in request.headers.get("content-type", ""):
        form = await request.form()
        lists = {name.removesuffix("[]"): form.getlist(name) for name in form if name.endswith("[]")}
        return {**{name: value for name, value in form.items() if not name.endswith("[]")}, **lists}
    raw = await request.body()
    try:
        parsed = json.loads(raw) if raw else {}
    except ValueError as error:
        raise HTTPException(400, "Invalid JSON") from error
    if not isinstance(parsed, dict):
        raise HTTPException(400, "Invalid JSON")
    return parsed
