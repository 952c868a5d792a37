"""Calls to others: always with a timeout, retried where that is safe, cut short by a breaker.

Whatever goes wrong on the way is one error, :class:`shopsite_common.errors.Unavailable`; an answer, whatever its
status, is returned.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
from prometheus_client import Counter, Histogram
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from shopsite_common import context, telemetry
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger
from shopsite_common.service_tokens import ServiceSigner

log = get_logger(__name__)

_CALLS = Counter("shopsite_http_client_calls_total", "Calls to others by their end", ["target", "outcome"])
_SECONDS = Histogram(
    "shopsite_http_client_seconds",
    "Time of one try of a call to others, until its answer or its end without one",
    ["target"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_SAFE_METHODS = {"GET", "HEAD", "PUT", "DELETE"}
_FAILURES_TO_OPEN = 8
_OPEN_SECONDS = 2.0


class CircuitBreaker:
    """Refuses calls for a while after many failures in a row, so that callers don't queue for one who is down."""

    def __init__(self, *, failures: int = _FAILURES_TO_OPEN, open_seconds: float = _OPEN_SECONDS) -> None:
        self._failures = failures
        self._open_seconds = open_seconds
        self._count = 0
        self._open_until = 0.0

    def allows(self) -> bool:
        """Tell whether a call may be tried; after the pause one is, and its end decides."""
        now = time.monotonic()
        if now < self._open_until:
            return False
        if self._count >= self._failures:
            self._open_until = now + self._open_seconds  # the others wait for the one that tries
        return True

    def record(self, *, ok: bool) -> None:
        """Note the end of a call."""
        self._count = 0 if ok else self._count + 1
        if ok:
            self._open_until = 0.0
        elif self._count >= self._failures:
            self._open_until = time.monotonic() + self._open_seconds


class HttpClient:
    """A client of one remote party.

    Args:
        target: its name, for metrics, logs and errors.
        base_url: where it is.
        timeout: seconds for a whole call, all its tries together; connecting may take one second of it a try.
        retries: how often a call is tried again that may be: never sent, or safe to repeat.
        signer: signs calls to ``/internal/`` routes.
        headers: sent with every call.
    """

    def __init__(
        self,
        target: str,
        base_url: str,
        *,
        timeout: float = 2.0,
        retries: int = 2,
        signer: ServiceSigner | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self._signer = signer
        self._retries = retries
        self._timeout = timeout
        self._breaker = CircuitBreaker()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout, connect=min(1.0, timeout)),
            headers=dict(headers or {}),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=20),
            follow_redirects=False,
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        files: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """Call, and return the answer whatever its status.

        Args:
            files: an upload's parts, ``{field: (name, bytes, media type)}``.
            token: the customer's own access token; without it a call to ``/internal/`` is signed as this service.
            repeatable: whether a call that may have arrived can be sent again; by default the method tells.

        Raises:
            Unavailable: no answer in time, a 5xx at the end of all tries, or too many failures just before.
        """
        again = method in _SAFE_METHODS if repeatable is None else repeatable
        if not self._breaker.allows():
            _CALLS.labels(self.target, "refused").inc()
            raise self._unavailable()
        request = self._client.build_request(
            method, path, json=json, files=files, params=params, headers=self._headers(path, token, headers)
        )
        try:
            # one end for all tries: who hangs is not asked three times while a customer waits
            async with asyncio.timeout(self._timeout):
                response = await self._send_with_retries(request, again=again)
        except (httpx.HTTPError, TimeoutError) as error:
            self._failed(type(error).__name__)
            raise self._unavailable() from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self._failed(str(response.status_code))
            raise self._unavailable()
        self._breaker.record(ok=True)
        _CALLS.labels(self.target, "ok").inc()
        return response

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _send_with_retries(self, request: httpx.Request, *, again: bool) -> httpx.Response:
        def worth_it(error: BaseException) -> bool:
            never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            return never_sent or (again and isinstance(error, httpx.HTTPError))

        async for attempt in AsyncRetrying(
            retry=retry_if_exception(worth_it),
            stop=stop_after_attempt(self._retries + 1),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        ):
            with attempt:
                response = await self._send(request)
                if again and response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                    response.raise_for_status()
                return response
        raise AssertionError("unreachable")  # pragma: no cover

    async def _send(self, request: httpx.Request) -> httpx.Response:
        told = {"http.request.method": request.method, "url.path": request.url.path, "peer.service": self.target}
        name = f"{request.method} {self.target}"
        with telemetry.span(name, kind=telemetry.SpanKind.CLIENT, attributes=told) as span:
            if traceparent := context.traceparent.get():
                request.headers["traceparent"] = traceparent
            with _SECONDS.labels(self.target).time():
                response = await self._client.send(request)
            span.set_attribute("http.response.status_code", response.status_code)
            return response

    def _headers(self, path: str, token: str | None, given: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"X-Request-ID": context.request_id.get(), **(given or {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        elif self._signer is not None and path.startswith("/internal/"):
            headers["Authorization"] = f"Bearer {self._signer.token_for(self.target)}"
        return {name: value for name, value in headers.items() if value}

    def _failed(self, reason: str) -> None:
        self._breaker.record(ok=False)
        _CALLS.labels(self.target, "failed").inc()
        log.warning("call_failed", target=self.target, reason=reason)

    def _unavailable(self) -> Unavailable:
        return Unavailable(f"{self.target} is not available right now. Please try again shortly.")
