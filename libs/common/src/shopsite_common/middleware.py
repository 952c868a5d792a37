"""What surrounds every request: ids, canonical path, figures of the rate limit, the measure, the last catch."""

import time
from collections.abc import Mapping

from prometheus_client import Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopsite_common import context, telemetry
from shopsite_common.db import one_patience
from shopsite_common.errors import ShopError
from shopsite_common.logs import about, get_logger
from shopsite_common.problems import render

log = get_logger(__name__)

_SECONDS = Histogram(
    "shopsite_http_request_seconds",
    "Requests by route, method and status",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# what the gateway's check found out about the limit comes as request headers, and goes out again on the answer
_LIMIT_HEADERS = (
    b"ratelimit",
    b"ratelimit-policy",
    b"x-ratelimit-limit",
    b"x-ratelimit-remaining",
    b"x-ratelimit-reset",
)


class RequestMiddleware:
    """Pure ASGI, because it runs on every request and must not buffer a body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; anything that is not HTTP passes by."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        own, _ = context.enter(
            headers.get(b"x-request-id", b"").decode("latin-1"),
            telemetry.current() or headers.get(b"traceparent", b"").decode("latin-1"),
        )
        limits = {name.decode(): headers[name].decode("latin-1") for name in _LIMIT_HEADERS if name in headers}
        _canonical_path(scope)
        if scope["method"] == "HEAD":
            # as GET for the application; the server, which keeps the scope it made, leaves the body out
            scope = {**scope, "method": "GET"}
        answer = _Answer(send, own, limits)
        started = time.perf_counter()
        try:
            with one_patience():
                await self.app(scope, receive, answer)
        except Exception:
            log.exception("request_failed", method=scope["method"], route=_route_of(scope))
            if answer.status:
                raise
            await render(ShopError())(scope, receive, answer)
        finally:
            elapsed = time.perf_counter() - started
            _SECONDS.labels(scope["method"], _route_of(scope), answer.status).observe(elapsed)
            _log_request(scope, answer.status, elapsed)


class _Answer:
    """Passes messages on, adds our headers to the first and remembers the status.

    Args:
        request_id: goes on every answer.
        limits: the gateway's figures; they stay away from an answer that tells of a limit of the service's own.
    """

    def __init__(self, send: Send, request_id: str, limits: Mapping[str, str]) -> None:
        self.status = 0
        self._send = send
        self._request_id = request_id
        self._limits = limits

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            headers["x-request-id"] = self._request_id
            if "ratelimit" not in headers:
                headers.update(self._limits)
            message = {**message, "headers": headers.raw}
        await self._send(message)


def _canonical_path(scope: Scope) -> None:
    """Serve a path without its last slash by the handler of the one with it, with no redirect, for every method."""
    path: str = scope["path"]
    if path.startswith("/api/") and not path.endswith("/"):
        scope["path"] = f"{path}/"
        scope["raw_path"] = scope["path"].encode()


def _route_of(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "") or "unmatched"


def _log_request(scope: Scope, status: int, elapsed: float) -> None:
    if not scope["path"].startswith("/health/"):
        if order_id := scope.get("path_params", {}).get("order_id"):
            about(order_id=order_id)
        log.info(
            "request",
            method=scope["method"],
            route=_route_of(scope),
            status=status,
            ms=round(elapsed * 1000, 1),
        )
