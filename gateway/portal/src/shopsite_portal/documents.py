"""The merged OpenAPI document and the pages that show it."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import APIRouter, Request, Response

from shopsite_common.logs import get_logger
from shopsite_common.state_files import keep
from shopsite_portal.merging import Document, merge
from shopsite_portal.pages import render_page

log = get_logger(__name__)

_SECONDS = 3.0
_FRESH_SECONDS = 60.0
_INCOMPLETE_SECONDS = 3.0
_REDOC = "redoc.standalone.js"
_FOREIGN_PICTURE = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_OWN_PICTURE = b"/static/portal/icon.svg"
DESCRIPTION = """\
Every endpoint of the shop, whichever service answers it. Errors are `application/problem+json` with `error` (one
sentence) and `details`; every answer bears `X-Request-ID`. Sign in with `POST /api/token/` and send the access token as
`Authorization: Bearer …`; staff and admins may sign in with `POST /api/admin/session/` instead, and send its cookie
and, where something changes, `X-CSRF-Token`. Lists are paged with `page` and `page_size`. `/api/v1/…` is the same as
`/api/…`.
"""


class MergedDocument:
    """The services' documents as one, asked anew now and then; of a service that is down the last good one stays.

    Args:
        http: the client to ask with.
        urls: the services' base URLs by name.
        own: returns the portal's own document.
        shop_name: for the title.
        version: of the whole.
        file: where the last good documents are kept over restarts; None keeps them in memory only.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Mapping[str, str],
        *,
        own: Callable[[], Document],
        shop_name: str,
        version: str,
        file: Path | None = None,
    ) -> None:
        self._http = http
        self._urls = urls
        self._own = own
        self._title = f"{shop_name} API"
        self._version = version
        self._file = file
        self._parts: dict[str, Document] = self._load()
        self._lock = asyncio.Lock()
        self._body = b""
        self._good_until = 0.0

    async def body(self) -> bytes:
        """Return the document as JSON."""
        async with self._lock:
            if time.monotonic() >= self._good_until:
                complete = await self._ask_all()
                self._good_until = time.monotonic() + (_FRESH_SECONDS if complete else _INCOMPLETE_SECONDS)
                self._body = self._merged()
            return self._body

    def _merged(self) -> bytes:
        parts = {name: self._parts[name] for name in self._urls if name in self._parts}
        document = merge(
            {**parts, "portal": self._own()}, title=self._title, version=self._version, description=DESCRIPTION
        )
        return orjson.dumps(document)

    async def _ask_all(self) -> bool:
        answers = await asyncio.gather(*(self._ask(name, url) for name, url in self._urls.items()))
        found = {name: answer for name, answer in zip(self._urls, answers, strict=True) if answer is not None}
        if any(self._parts.get(name) != part for name, part in found.items()):
            self._parts.update(found)
            self._save()
        return len(found) == len(self._urls)

    async def _ask(self, name: str, url: str) -> Document | None:
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await self._http.get(f"{url}/openapi.json")
            answer.raise_for_status()
            document: Any = answer.json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("document_unavailable", part=name, error=type(error).__name__)
            return None
        return document if isinstance(document, dict) else None

    def _load(self) -> dict[str, Document]:
        if self._file is not None and self._file.exists():
            with contextlib.suppress(OSError, ValueError):
                return dict(orjson.loads(self._file.read_bytes()))
        return {}

    def _save(self) -> None:
        if self._file is not None:
            keep(self._file, orjson.dumps(self._parts))


def documents_router(document: MergedDocument, *, shop_name: str, assets: Path) -> APIRouter:
    """Return ``/api/schema/``, the two pages that show it, and Redoc without its call of a foreign host."""
    router = APIRouter(tags=["Shop"])
    bundle = (assets / _REDOC).read_bytes().replace(_FOREIGN_PICTURE, _OWN_PICTURE)

    @router.get(
        "/api/schema/",
        summary="This document",
        operation_id="get_schema",
        response_model=dict[str, Any],
        responses={304: {"description": "Not changed since the `ETag` that `If-None-Match` names."}},
    )
    async def schema(request: Request) -> Response:
        body = await document.body()
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    @router.api_route("/api/docs/", methods=["GET", "HEAD"], include_in_schema=False)
    async def swagger() -> Response:
        return render_page("swagger.html", for_documents=True, shop_name=shop_name)

    @router.api_route("/api/redoc/", methods=["GET", "HEAD"], include_in_schema=False)
    async def redoc() -> Response:
        return render_page("redoc.html", for_documents=True, shop_name=shop_name)

    @router.api_route(f"/static/docs/{_REDOC}", methods=["GET", "HEAD"], include_in_schema=False)
    async def redoc_bundle() -> Response:
        return Response(bundle, headers={"Cache-Control": "max-age=3600"}, media_type="text/javascript")

    return router
