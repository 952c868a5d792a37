"""Tiny servers behind the gateway under test: each tells what reached it, and misbehaves when asked to."""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
LIMITS = {"ratelimit-policy": '"customer";q=1000;w=3600', "ratelimit": '"customer";r=999;t=4'}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Backend:
    """One server on its own port; `seen` are the requests it met, newest last."""

    def __init__(self, name: str, app: App | None = None, port: int | None = None):
        self.name = name
        self.port = port or free_port()
        self.seen: list[dict[str, Any]] = []
        self.app = app or self.echo
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(self.app, port=self.port, log_level="error", lifespan="off", interface="asgi3", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()

    def note(self, scope: dict[str, Any], size: int) -> dict[str, Any]:
        headers = {key.decode(): value.decode("latin-1") for key, value in scope["headers"]}
        entry = {
            "service": self.name,
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "headers": headers,
            "size": size,
        }
        self.seen.append(entry)
        return entry

    async def echo(self, scope, receive, send):
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        entry = self.note(scope, size)
        wanted = entry["headers"]
        if delay := wanted.get("x-test-delay"):
            await asyncio.sleep(float(delay))
        await answer(send, int(wanted.get("x-test-status", "200")), entry)


async def answer(send, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    raw = json.dumps(body).encode()
    pairs = {"content-type": "application/json", "content-length": str(len(raw)), "server": "secret"} | (headers or {})
    await send({
        "type": "http.response.start",
        "status": status,
        "headers": [(key.encode(), value.encode()) for key, value in pairs.items()],
    })
    await send({"type": "http.response.body", "body": raw})


class StubAuthz(Backend):
    """Stands for authz: `Bearer good` passes, anything else on /guarded is 401."""

    async def echo(self, scope, receive, send):
        entry = self.note(scope, 0)
        if scope["path"] == "/anonymous":
            await answer(send, 200, {}, {"ratelimit": '"anonymous";r=99;t=36'})
        elif entry["headers"].get("authorization") == "Bearer good":
            await answer(send, 200, {}, {"authorization": "Bearer good"} | LIMITS)
        else:
            headers = {"www-authenticate": "Bearer", "content-type": "application/problem+json"}
            await answer(send, 401, {"status": 401, "error": "no", "details": {}}, headers)
