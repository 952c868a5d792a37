"""Waiting for something to happen, but not for ever."""

import asyncio
import contextlib


async def wait_at_most(seconds: float, event: asyncio.Event) -> None:
    """Return when the event is set, or when the time is over.

    ``asyncio.wait_for`` is not used for this: on Python 3.11 it may swallow a cancellation that comes as it ends.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
