"""Answers every request with the same bytes: what uvicorn itself can do.

`BENCH_BODY` names the file with the bytes; without it the answer is 304 and empty.
"""

import os
from pathlib import Path
from typing import Any

_FILE = os.environ.get("BENCH_BODY")
_BODY = Path(_FILE).read_bytes() if _FILE else b""
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())] if _FILE else []
_START = {"type": "http.response.start", "status": 200 if _FILE else 304, "headers": _HEADERS}
_REST = {"type": "http.response.body", "body": _BODY}


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] == "http":
        await send(_START)
        await send(_REST)
