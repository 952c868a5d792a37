"""The ASGI application that Traefik's ForwardAuth asks; no framework, because every signed-in request pays for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from prometheus_client import Counter
from redis.exceptions import RedisError

from shopsite_authz.gate import Asked, Gate
from shopsite_authz.revocations import Revocations
from shopsite_common import context, telemetry
from shopsite_common.errors import NotFound, ShopError
from shopsite_common.logs import get_logger
from shopsite_common.problems import MEDIA_TYPE, problem_body

log = get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]

_DECISIONS = Counter("shopsite_authz_decisions_total", "Checked requests by lane and outcome", ["lane", "outcome"])
_LISTS = {b"cookie": "; ", b"x-forwarded-for": ", "}


class Authz:
    """Answers ``/guarded``, ``/anonymous`` and the health checks.

    Args:
        gate: decides.
        revocations: followed while the process runs; without having known any it is not ready.
        redis: only asked how it is.
        version: shown by the health check.
        running: what else lives as long as the process.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        revocations: Revocations,
        redis: Any,
        version: str,
        running: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._gate = gate
        self._revocations = revocations
        self._redis = redis
        self._version = version
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's event stream: a request, or the process's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, send)

    async def _answer(self, scope: Scope, send: Send) -> None:
        path = scope["path"]
        if path in {"/guarded", "/anonymous"}:
            await self._check(path[1:], _asked(scope), send)
        elif path == "/health/live":
            await _reply(send, 200, orjson.dumps({"status": "ok"}))
        elif path == "/health/ready":
            await self._tell_health(send)
        else:
            await _refuse(send, NotFound())

    async def _check(self, lane: str, asked: Asked, send: Send) -> None:
        parent = asked.fields.get("traceparent", "")
        with telemetry.span(f"check {lane}", kind=telemetry.SpanKind.SERVER, parent=parent):
            await self._decide(lane, asked, send)

    async def _decide(self, lane: str, asked: Asked, send: Send) -> None:
        admit = self._gate.admit if lane == "guarded" else self._gate.admit_anonymous
        try:
            fields = await admit(asked)
        except ShopError as error:
            _DECISIONS.labels(lane, error.code).inc()
            await _refuse(send, error, asked)
        except Exception:
            log.exception("check_failed", lane=lane)
            await _refuse(send, ShopError(), asked)
        else:
            _DECISIONS.labels(lane, "admitted").inc()
            await _reply(send, 200, b"", fields)

    async def _tell_health(self, send: Send) -> None:
        ready = self._revocations.known
        redis = await self._redis_answers()
        status = "unavailable" if not ready else "ok" if redis else "degraded"
        dependencies = {"identity": _word(up=ready), "redis": _word(up=redis)}
        body = {"status": status, "service": "authz", "version": self._version, "dependencies": dependencies}
        await _reply(send, 200 if ready else 503, orjson.dumps(body))

    async def _redis_answers(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._running(), self._following():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._revocations.follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _word(*, up: bool) -> str:
    return "ok" if up else "unavailable"


def _asked(scope: Scope) -> Asked:
    fields: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        if key in fields:
            # two Authorization headers are one credential that nobody can vouch for
            text = f"{fields[key]}{_LISTS.get(name, ' ')}{text}"
        fields[key] = text
    return Asked(fields)


async def _refuse(send: Send, error: ShopError, asked: Asked | None = None) -> None:
    fields = asked.fields if asked else {}
    request_id, _ = context.enter(fields.get("x-request-id", ""), fields.get("traceparent", ""))
    body = problem_body(error.status, error.code, error.message, error.details)
    told = {**error.headers, "Content-Type": MEDIA_TYPE, "X-Request-ID": request_id, "Cache-Control": "no-store"}
    await _reply(send, error.status, orjson.dumps(body), told)


async def _reply(send: Send, status: int, body: bytes, fields: dict[str, str] | None = None) -> None:
    told = {"Content-Type": "application/json", **(fields or {}), "Content-Length": str(len(body))}
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
