"""Waiting in tests: for a condition, never for a time."""

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


async def eventually(condition: Callable[[], Any], *, within: float = 10.0, every: float = 0.05) -> Any:
    """Ask again until the condition (a function, or one that returns an awaitable) is true; return what it said.

    Raises:
        AssertionError: it never was, with what it said last.
    """
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; the last answer was {found!r}")
        await asyncio.sleep(every)
