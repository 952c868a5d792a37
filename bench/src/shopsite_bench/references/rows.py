"""Runs prepared statements for every request and answers their rows: the plainest program with psycopg2 and orjson.

`BENCH_STATEMENTS` names a JSON file, a list of statements with `%(name)s` for each value. Values come from the query
string; those of `BENCH_VALUES`, a JSON object, stand where the query string says nothing.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from typing import Any
from urllib.parse import parse_qsl

import orjson
import psycopg2
import psycopg2.extras

_PLACES = 8  # connections, as a process of the shop has them
_STATEMENTS: list[str] = orjson.loads(Path(os.environ["BENCH_STATEMENTS"]).read_bytes())
_VALUES: dict[str, Any] = orjson.loads(os.environ.get("BENCH_VALUES", "{}"))
_threads = ThreadPoolExecutor(_PLACES)
_own = local()


def _connection() -> Any:
    if not hasattr(_own, "connection"):
        _own.connection = psycopg2.connect(os.environ["BENCH_DATABASE"])
    return _own.connection


def _answer(values: dict[str, Any]) -> bytes:
    """One transaction: every statement, then the commit."""
    with _connection() as connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        found = []
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
            found.append(cursor.fetchall())
    return orjson.dumps(found, default=str)


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    values = _VALUES | dict(parse_qsl(scope["query_string"].decode()))
    body = await asyncio.get_running_loop().run_in_executor(_threads, _answer, values)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
