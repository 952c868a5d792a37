"""Passwords: Argon2id in a few threads of their own, never inside a transaction."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from shopsite_common.errors import Unavailable

Value = TypeVar("Value")

# the set that OWASP's cheat sheet lists and that its standard (ASVS, appendix C) approves
_HASHES = PasswordHash((Argon2Hasher(memory_cost=47_104, time_cost=1, parallelism=1),))


@cache
def common_passwords() -> frozenset[str]:
    """Return the common passwords that nobody may have, in lower case."""
    return frozenset(files("shopsite_identity").joinpath("common_passwords.txt").read_text("utf-8").split())


@dataclass(frozen=True)
class Check:
    """What came of checking a password: ``new_hash`` replaces a hash with older parameters."""

    ok: bool
    new_hash: str | None = None


class PasswordHasher:
    """Hashes and verifies.

    Args:
        places: how many at the same time; each takes 47 MiB and a core.
        wait_seconds: how long one waits for a place before it is refused.
    """

    def __init__(self, *, places: int = 2, wait_seconds: float = 5.0) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="passwords")
        self._places = asyncio.Semaphore(places)
        self._wait_seconds = wait_seconds
        _dummy_hash()  # made now, so that the first unknown address takes no longer than the others

    async def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._run(lambda: _HASHES.hash(password))

    async def verify(self, password: str, stored: str | None) -> Check:
        """Check a password. Without a stored hash it takes the same time and fails.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._run(lambda: _verify(password, stored))

    def close(self) -> None:
        """Let the running ones end."""
        self._threads.shutdown(wait=True)

    async def _run(self, work: Callable[[], Value]) -> Value:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise Unavailable("Too many people are signing in. Please try again shortly.") from error
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # the place is free when the thread is, also if nobody waits for it any more
        future.add_done_callback(lambda _: self._places.release())
        return await future


def hash_here(password: str) -> str:
    """Do what ``PasswordHasher.hash`` does, in the calling thread: for commands."""
    return _HASHES.hash(password)


def _verify(password: str, stored: str | None) -> Check:
    try:
        ok, new_hash = _HASHES.verify_and_update(password, stored or _dummy_hash())
    except UnknownHashError:
        return Check(ok=False)
    return Check(ok=ok and stored is not None, new_hash=new_hash if ok else None)


@cache
def _dummy_hash() -> str:
    return _HASHES.hash("nobody's password")
