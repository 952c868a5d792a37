"""Tiny servers behind the gateway under test: each tells what reached it, and misbehaves when asked to."""

import asyncio
import json
import signal
import socket
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa

from shopsite_common.serving import Server

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Backend:
    """One server on its own port; `seen` are the requests it met, newest last."""

    def __init__(self, name: str, make: Callable[[], App] | None = None, *, lifespan: Literal["on", "off"] = "off"):
        self.name = name
        self.port = free_port()
        self.lifespan = lifespan
        self.seen: list[dict[str, Any]] = []
        self.make = make or (lambda: self.echo)
        self.drain_seconds = 0.0  # of a stop, as our processes do it
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self.make(),
            port=self.port,
            lifespan=self.lifespan,
            interface="asgi3",
            log_config=None,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = Server(config, drain_seconds=self.drain_seconds)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.01)

    def stop(self) -> None:
        if self._server and self._thread:
            self._server.handle_exit(signal.SIGTERM, None)
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
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(key.encode(), value.encode()) for key, value in pairs.items()],
        }
    )
    await send({"type": "http.response.body", "body": raw})


class Identity(Backend):
    """An echo that also has keys, sessions and revocations, as authz asks for them."""

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    customer = "0190a000-0000-7000-8000-000000000001"

    def __init__(self):
        super().__init__("identity")
        self.sessions: dict[str, str] = {}
        self.revocations: dict[str, int] = {}

    def token(self, role="customer", version=1, sub=customer) -> str:
        now = int(time.time())
        claims = {"iss": "shopsite-identity", "aud": "shopsite", "sub": sub, "role": role, "ver": version}
        claims |= {"iat": now, "exp": now + 900, "jti": str(uuid.uuid4())}
        return jwt.encode(claims, self.key, "RS256", headers={"typ": "at+jwt", "kid": "k1"})

    async def echo(self, scope, receive, send):
        path = scope["path"]
        if path == "/.well-known/jwks.json":
            key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            await answer(send, 200, {"keys": [key | {"kid": "k1"}]})
        elif path == "/internal/revocations/":
            await answer(send, 200, {"revocations": self.revocations})
        elif path == "/internal/sessions/exchange/":
            cookie = json.loads((await receive())["body"])["session"]
            access = self.sessions.get(cookie)
            given = {"access": access, "csrf_token": "csrf-1", "expires_in": 900}
            await answer(send, 200 if access else 401, given)
        else:
            await super().echo(scope, receive, send)
