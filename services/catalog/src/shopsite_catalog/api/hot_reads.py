"""The shortest way to an answer that this process holds already.

Nine tenths of what a shop is asked are a few lists and products, again and again. Routing, dependencies and the
reading of the query string are then most of the work, and come to the same each time. So what a request was once
found to ask for is remembered by its own words, and the answer is taken from memory with no more than the look at its
version that any cached answer gets.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shopsite_catalog.api.answers import conditional
from shopsite_catalog.deps import CatalogResources

_PATH = "/api/products/"
# what the origin of absolute links is read from
_ORIGIN = frozenset({b"host", b"x-forwarded-host", b"x-forwarded-proto"})
_REMEMBERED = 1024
_LONGEST_QUERY = 500  # bytes; what is longer hardly comes again
_STATE = "hot_read"

Words = tuple[Any, ...]


@dataclass(frozen=True)
class _Asked:
    """What a request asks for: the keys of answer and version, and the route for logs and figures."""

    key: str
    version_key: str
    route: Any


def remember(request: Request, key: str, version_key: str) -> None:
    """Note under which keys this request's answer is cached: the next one in the same words may go the short way."""
    setattr(request.state, _STATE, (key, version_key))


class HotReads:
    """Answers anonymous reads of products from memory, and lets everything else through.

    Args:
        app: the application behind, whose endpoints call :func:`remember`.
        own: holds the cached answers.
    """

    def __init__(self, app: ASGIApp, *, own: CatalogResources) -> None:
        self._app = app
        self._own = own
        self._asked: OrderedDict[Words, _Asked] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        words = _words_of(scope)
        if words is None:
            return await self._app(scope, receive, send)
        if asked := self._asked.get(words):
            body = await self._own.answers.find_in_memory(asked.key, asked.version_key)
            if body is not None:
                scope["route"] = asked.route
                return await conditional(Request(scope), body)(scope, receive, send)
        await self._app(scope, receive, send)
        return self._note(words, scope)

    def _note(self, words: Words, scope: Scope) -> None:
        if keys := scope.get("state", {}).get(_STATE):
            key, version_key = keys
            self._asked[words] = _Asked(key, version_key, scope.get("route"))
            self._asked.move_to_end(words)
            if len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)


def _words_of(scope: Scope) -> Words | None:
    """Everything of a request that its answer depends on; None if a credential or another method is part of it."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_PATH):
        return None
    if len(scope["query_string"]) > _LONGEST_QUERY:
        return None
    found = [scope["scheme"], scope["path"], scope["query_string"]]
    for name, value in scope["headers"]:
        if name == b"authorization":
            return None
        if name in _ORIGIN:
            found += (name, value)
    return tuple(found)
