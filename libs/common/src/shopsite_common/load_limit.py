"""A limit to the requests under way: a process with too much to do says so soon instead of making all wait.

Who comes when all places are taken waits for one, but not for long and not among many. Refusing at once would be the
end of a crowd's throughput: those refused come back at once, and a refusal costs as much as many an answer.
"""

import asyncio

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from shopsite_common.errors import Unavailable
from shopsite_common.problems import render

_UNDER_WAY = Gauge("shopsite_http_requests_under_way", "Requests that are being worked on")
_REFUSED = Counter("shopsite_http_requests_refused_total", "Requests refused because too many were under way")
_CROWD = 10  # so many times the places may wait for one; beyond that nobody would be served in time


class Overloaded(Unavailable):
    """More is asked at the same time than this process takes on."""

    code = "overloaded"
    message = "Too much is asked at the moment. Please try again shortly."


class LoadLimit:
    """Answers 503 with ``Retry-After`` to whoever gets no place in time; health is always told.

    Pure ASGI and ahead of everything else: neither waiting nor a refusal costs a thread or a query. uvicorn's own limit
    answers plain text, so it is not used.

    Args:
        most: how many requests may be under way at the same time.
        patience: how long one more waits for a place, in seconds.
    """

    def __init__(self, app: ASGIApp, *, most: int, patience: float) -> None:
        self._app = app
        self._places = asyncio.Semaphore(most)
        self._patience = patience
        self._room = most * _CROWD
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
        elif await self._take_place():
            await self._serve(scope, receive, send)
        else:
            _REFUSED.inc()
            await render(Overloaded(retry_after=1))(scope, receive, send)

    async def _take_place(self) -> bool:
        if not self._places.locked():
            return await self._places.acquire()
        if self._waiting >= self._room:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                return await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        _UNDER_WAY.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            _UNDER_WAY.dec()
            self._places.release()
