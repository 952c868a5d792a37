"""Reads of one key that many requests share."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class SharedReads:
    """Shares a read among all who ask before it begins.

    Who asks while it is under way gets the next one: the running read may have passed the server before a change that
    the caller already knows of.

    Args:
        get: reads one key.
    """

    def __init__(self, get: Callable[[str], Awaitable[Any]]) -> None:
        self._get = get
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._waiting: dict[str, asyncio.Task[Any]] = {}

    async def read(self, key: str) -> Any:
        """Return the value of a key, read after this call."""
        task = self._waiting.get(key)
        if task is None:
            task = asyncio.create_task(self._read_next(key))
            self._waiting[key] = task
            task.add_done_callback(_seen)
        return await asyncio.shield(task)

    async def _read_next(self, key: str) -> Any:
        before = self._running.get(key)
        if before is not None:
            await asyncio.wait({before})
        task = self._waiting.pop(key)
        self._running[key] = task
        try:
            return await self._get(key)
        finally:
            if self._running.get(key) is task:
                del self._running[key]


def _seen(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
