"""The public API as the person at the browser: authz is asked about every call, as the gateway asks it."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import httpx
from fastapi import Request

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_portal.settings import Settings

SESSION_COOKIE = "shopsite_session"
SESSION_PATH = "/api/admin/session/"
# an upload waits for the picture store; the gateway gives a page ten seconds
_SECONDS = 8.0
_OWNERS = {
    SESSION_PATH: "identity",
    "/api/admin/customers/": "identity",
    "/api/admin/audit/": "identity",
    "/api/admin/inventory/": "catalog",
    "/api/products/": "catalog",
    "/api/reviews/": "catalog",
    "/api/categories/": "catalog",
    "/api/admin/analytics/": "orders",
    "/api/orders/": "orders",
    "/api/payment/": "payments",
    "/api/admin/notifications/": "notifications",
    "/api/admin/dead-letters/": "portal",
}


class ApiRefused(Exception):
    """The API's answer was no: ``details`` maps a field to its sentences where a form was at fault."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})

    @classmethod
    def by(cls, answer: httpx.Response) -> "ApiRefused":
        """Return what a problem document says."""
        told = answer.json()
        return cls(answer.status_code, told["code"], told["error"], told["details"])


class Backends:
    """Connections to authz and the services, which all visits share."""

    def __init__(self, settings: Settings) -> None:
        urls = {**settings.watched_urls, "portal": f"http://127.0.0.1:{settings.port}"}
        self._clients = {name: HttpClient(name, url, timeout=_SECONDS) for name, url in urls.items()}

    async def ask(self, name: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Return a part's answer if it is a success.

        Raises:
            ApiRefused: it is not, or there is none.
        """
        try:
            answer = await self._clients[name].request(method, path, **kwargs)
        except Unavailable as error:
            raise ApiRefused(error.status, error.code, error.message) from error
        if not answer.is_success:
            raise ApiRefused.by(answer)
        return answer

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(client.close() for client in self._clients.values()))


class Api:
    """The API as one request's sender.

    Args:
        backends: where the parts are.
        request: whose cookie and address count.
        csrf_token: what the form bore; authz compares it before anything unsafe.
    """

    def __init__(self, backends: Backends, request: Request, csrf_token: str = "") -> None:
        self._backends = backends
        self._cookie = request.cookies.get(SESSION_COOKIE, "")
        self._csrf_token = csrf_token
        peer = request.client.host if request.client is not None else ""
        self._forwarded_for = request.headers.get("x-forwarded-for", peer)
        self._scheme = request.headers.get("x-forwarded-proto", request.url.scheme)

    async def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Any:
        """Call an endpoint of the API and return the JSON of its answer, None for an empty one.

        Raises:
            ApiRefused: not signed in, not allowed, too often, invalid, impossible or away.
        """
        owner = next(name for prefix, name in _OWNERS.items() if path.startswith(prefix))
        credentials = await self._admission(method, path)
        sent = {**(headers or {}), **credentials, "X-Forwarded-Proto": self._scheme}
        answer = await self._backends.ask(owner, method, path, headers=sent, **kwargs)
        return answer.json() if answer.content else None

    async def get(self, path: str, **params: Any) -> Any:
        """Read something; parameters that are empty are left out."""
        return await self.call("GET", path, params={name: value for name, value in params.items() if value != ""})

    async def open_session(self, email: str, password: str) -> list[str]:
        """Sign in, and return the cookies that the browser is to keep.

        Raises:
            ApiRefused: wrong, not staff, or too often.
        """
        await self._backends.ask("authz", "GET", "/anonymous", headers=self._asked("POST", SESSION_PATH))
        sent = {"X-Forwarded-For": self._forwarded_for, "X-Forwarded-Proto": self._scheme}
        body = {"email": email, "password": password}
        answer = await self._backends.ask("identity", "POST", SESSION_PATH, json=body, headers=sent)
        return answer.headers.get_list("set-cookie")

    async def _admission(self, method: str, path: str) -> dict[str, str]:
        """Have authz check session, CSRF token and quota; return what the services need to see."""
        if not self._cookie:
            raise ApiRefused(HTTPStatus.UNAUTHORIZED, "not_authenticated", "Please sign in.")
        cookie = f"{SESSION_COOKIE}={self._cookie}"
        sent = {**self._asked(method, path), "Cookie": cookie, "X-CSRF-Token": self._csrf_token}
        answer = await self._backends.ask("authz", "GET", "/guarded", headers=sent)
        return {"Authorization": answer.headers["Authorization"], "Cookie": cookie}

    def _asked(self, method: str, path: str) -> dict[str, str]:
        # authz takes the last address for the gateway's call of itself
        chain = f"{self._forwarded_for}, 127.0.0.1"
        return {"X-Forwarded-Method": method, "X-Forwarded-Uri": path, "X-Forwarded-For": chain}
