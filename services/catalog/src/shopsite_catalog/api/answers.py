"""Finished bytes as answers: conditional ones, and pages."""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from shopsite_catalog.domain.conditions import matches_weakly
from shopsite_catalog.domain.listing import ProductQuery
from shopsite_common.cache import CachedBody

# a client may keep the answer and has to ask whether it still holds; the gateway compresses
_HEADERS = {"Cache-Control": "public, no-cache", "Vary": "Accept-Encoding"}


def answer(body: CachedBody, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return finished bytes with their ETag."""
    return Response(body.body, status, {"ETag": body.etag, **(headers or {})}, "application/json")


def conditional(request: Request, body: CachedBody) -> Response:
    """Return finished bytes, or 304 if the client has them."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None and matches_weakly(wanted, body.etag):
        return Response(None, 304, {"ETag": body.etag, **_HEADERS})
    return answer(body, headers=_HEADERS)


def key_of(kind: str, query: ProductQuery, path: str) -> str:
    """Return the cache's key for a list: what was asked, on which origin, because the links are absolute."""
    asked = repr((path, query.pairs, query.page)).encode()
    return f"{kind}:list:{hashlib.blake2b(asked, digest_size=16).hexdigest()}"


def page_document(query: ProductQuery, path: str, count: int, results: Sequence[Any]) -> dict[str, Any]:
    """Return the body of a page. The links repeat what of the query was understood.

    Args:
        path: the list's address without the query, absolute.
    """
    following = query.page + 1 if query.offset + query.size < count else None
    previous = query.page - 1 if query.page > 1 else None
    return {
        "count": count,
        "next": _link(query, path, following),
        "previous": _link(query, path, previous),
        "results": results,
    }


def _link(query: ProductQuery, path: str, page: int | None) -> str | None:
    if page is None:
        return None
    asked = urlencode([*query.pairs, *([("page", page)] if page > 1 else [])])
    return f"{path}?{asked}" if asked else path
