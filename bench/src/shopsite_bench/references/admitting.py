"""Stands where authz stands and lets everybody in: what ForwardAuth itself costs."""

from typing import Any

_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
_REST = {"type": "http.response.body", "body": b""}


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "http":
        await send(_START)
        await send(_REST)
