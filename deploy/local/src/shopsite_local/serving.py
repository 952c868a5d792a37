"""How a simulator runs: addresses from the environment, one process, a banner on every answer."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRACE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a simulator listens, how its visitors call it, and where it keeps its files."""

    host: str
    port: int
    public_url: str
    state_dir: Path

    @classmethod
    def from_environment(cls, *, port: int) -> Self:
        """Reads BIND_HOST, PORT (else `port`), PUBLIC_BASE_URL and STATE_DIR; makes the folder."""
        chosen = int(os.environ.get("PORT") or port)
        state_dir = Path(os.environ.get("STATE_DIR") or ".local/simulators")
        state_dir.mkdir(parents=True, exist_ok=True)
        return cls(
            host=os.environ.get("BIND_HOST") or "127.0.0.1",
            port=chosen,
            public_url=(os.environ.get("PUBLIC_BASE_URL") or f"http://localhost:{chosen}").rstrip("/"),
            state_dir=state_dir,
        )


class Banner:
    """Puts `<name>: 1` on every HTTP answer, so that nobody takes a simulator for the real service."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app = app
        self._header = (name.encode("ascii"), b"1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and marks the start of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), self._header]
            await send(message)

        await self._app(scope, receive, marked)


async def healthy(_request: Request) -> Response:
    """Answers /health/live and /health/ready: a simulator that answers is ready."""
    return JSONResponse({"status": "ok"})


def serve(app: ASGIApp, address: Address) -> None:
    """Runs `app` until SIGTERM or SIGINT, then gives open requests a few seconds."""
    uvicorn.run(
        app,
        host=address.host,
        port=address.port,
        log_level=(os.environ.get("LOG_LEVEL") or "warning").lower(),
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
