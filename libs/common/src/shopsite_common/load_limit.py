"""A limit to the requests under way: a process with too much to do says so at once instead of making all wait."""

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from shopsite_common.errors import Unavailable
from shopsite_common.problems import render

_UNDER_WAY = Gauge("shopsite_http_requests_under_way", "Requests that are being worked on")
_REFUSED = Counter("shopsite_http_requests_refused_total", "Requests refused because too many were under way")


class Overloaded(Unavailable):
    """More is asked at the same time than this process takes on."""

    code = "overloaded"
    message = "Too much is asked at the moment. Please try again shortly."


class LoadLimit:
    """Answers 503 with ``Retry-After`` beyond so many requests; health is always told.

    Pure ASGI and ahead of everything that waits: a refusal costs neither a thread nor a query. uvicorn's own limit
    answers plain text, so it is not used.

    Args:
        most: how many requests may be under way at the same time.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
        elif self._under_way >= self._most:
            _REFUSED.inc()
            await render(Overloaded(retry_after=1))(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        _UNDER_WAY.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
            _UNDER_WAY.dec()
