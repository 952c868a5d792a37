"""Calls to others: what is tried again, what is not, and when nobody is called at all."""

import asyncio
import contextlib
import time

import httpx
import jwt
import pytest

from shopsite_common import context, http_client
from shopsite_common.errors import Unavailable
from shopsite_common.http_client import CircuitBreaker, HttpClient
from shopsite_common.service_tokens import ServiceSigner


class Remote:
    """Plays the other side: gives these outcomes in turn, the last one for ever."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return httpx.Response(outcome)


@pytest.fixture
def call(service_keys):
    """Return a function that makes a client of this remote."""

    def make(remote: Remote) -> HttpClient:
        signer = ServiceSigner("orders", service_keys.private_file("orders"))
        client = HttpClient("catalog", "http://catalog", signer=signer)
        client._client = httpx.AsyncClient(base_url="http://catalog", transport=httpx.MockTransport(remote))
        return client

    return make


@pytest.mark.parametrize("outcome", [httpx.ReadTimeout("slow"), httpx.ConnectError("down"), 502])
async def test_what_is_safe_to_repeat_is_tried_again(call, outcome):
    remote = Remote(outcome, outcome, 200)
    assert (await call(remote).request("GET", "/")).status_code == 200
    assert len(remote.requests) == 3


async def test_a_call_that_may_have_arrived_is_not_sent_twice(call):
    for outcome in (httpx.ReadTimeout("slow"), 500):
        remote = Remote(outcome, 200)
        with pytest.raises(Unavailable, match="catalog"):
            await call(remote).request("POST", "/", json={})
        assert len(remote.requests) == 1


async def test_a_call_that_never_left_or_may_be_repeated_is_sent_again(call):
    assert (await call(Remote(httpx.ConnectError("down"), 201)).request("POST", "/")).status_code == 201
    assert (await call(Remote(httpx.ReadTimeout("slow"), 201)).request("POST", "/", repeatable=True)).status_code == 201


async def test_tries_end(call):
    remote = Remote(503)
    with pytest.raises(Unavailable):
        await call(remote).request("GET", "/")
    assert len(remote.requests) == 3


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b"x")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("behave", [hang, trickle])
async def test_all_tries_together_end_with_the_timeout(behave):
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await behave(reader, writer)
        writer.close()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = HttpClient("catalog", f"http://127.0.0.1:{port}", timeout=0.5, retries=20)
        began = time.monotonic()
        with pytest.raises(Unavailable, match="catalog"):
            await client.request("GET", "/")
        assert 0.4 < time.monotonic() - began < 3
        await client.close()
        await ended.wait()


@pytest.mark.parametrize("status", [200, 301, 404, 409, 429])
async def test_an_answer_is_returned_whatever_its_status(call, status):
    remote = Remote(status)
    assert (await call(remote).request("GET", "/")).status_code == status
    assert len(remote.requests) == 1


async def test_a_remote_that_fails_again_and_again_is_left_alone_and_asked_by_one(call, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(http_client.time, "monotonic", lambda: clock[0])
    remote = Remote(500)
    client = call(remote)
    for _ in range(12):
        with pytest.raises(Unavailable):
            await client.request("POST", "/")
    assert len(remote.requests) == 8
    clock[0] += 2.1
    remote.outcomes = [200]
    assert (await client.request("POST", "/")).status_code == 200
    assert (await client.request("POST", "/")).status_code == 200


def test_after_the_pause_one_call_decides_for_the_others(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(http_client.time, "monotonic", lambda: clock[0])
    breaker = CircuitBreaker(failures=2, open_seconds=5)
    breaker.record(ok=False)
    assert breaker.allows()
    breaker.record(ok=False)
    assert not breaker.allows()
    clock[0] += 5
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.record(ok=True)
    assert [breaker.allows(), breaker.allows()] == [True, True]


async def test_calls_bear_the_ids_and_the_right_credential(call):
    context.enter("request-1", "")
    remote = Remote(200)
    client = call(remote)
    await client.request("GET", "/internal/products/")
    await client.request("GET", "/internal/products/", token="of-a-customer")
    await client.request("GET", "/api/products/")
    signed, customers, plain = remote.requests
    assert signed.headers["x-request-id"] == "request-1"
    assert signed.headers["traceparent"] == context.traceparent.get()
    claims = jwt.decode(signed.headers["authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (claims["iss"], claims["aud"]) == ("orders", "catalog")
    assert customers.headers["authorization"] == "Bearer of-a-customer"
    assert "authorization" not in plain.headers
