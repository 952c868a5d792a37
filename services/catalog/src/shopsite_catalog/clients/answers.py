"""Cached answers that are never older than the last change.

Beside the finished bytes an entry holds the version under which it was made. A version is a random text in Redis that
every change replaces; an entry of another version does not count. So a reader that was overtaken by a change stores
something that nobody will use, and nothing has to be searched for and deleted.

An answer that is in this process already costs one small read of the version, which requests of the same moment share;
one that is only in Redis costs one ``MGET``. With Redis down every answer is made anew.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shopsite_catalog.clients.shared_reads import SharedReads
from shopsite_common.cache import CachedBody
from shopsite_common.logs import get_logger

log = get_logger(__name__)

_READS = Counter(
    "shopsite_cache_reads_total", "Looks for a cached answer: memory, redis, miss, or unavailable", ["outcome"]
)

_FROM_MEMORY = _READS.labels("memory")

Make = Callable[[], Awaitable[CachedBody]]

_SEPARATOR = b"\n"
_VERSION_SECONDS = 7 * 24 * 3600
_AVOID_SECONDS = 1.0
_COPIES = 256


@dataclass(frozen=True)
class _Copy:
    version: bytes
    answer: CachedBody
    good_until: float


class AnswerCache:
    """Finished answers, in Redis for all processes and in the memory of this one.

    Args:
        redis: a client that fails fast.
        seconds: how long an answer lives if nothing changes.
        clock: seconds that only grow.
    """

    def __init__(self, redis: Redis, *, seconds: int = 900, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._seconds = seconds
        self._clock = clock
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._flights: dict[tuple[str, bytes], asyncio.Task[CachedBody]] = {}
        self._versions = SharedReads(redis.get)
        self._avoid_until = 0.0

    async def read(self, key: str, version_key: str, make: Make) -> CachedBody:
        """Return the answer of ``key``, made anew if there is none of the current version."""
        if self._clock() < self._avoid_until:
            _READS.labels("unavailable").inc()
            return await make()
        try:
            version, answer = await self._look(key, version_key)
        except (RedisError, OSError) as error:
            self._avoid(error)
            _READS.labels("unavailable").inc()
            return await make()
        return answer or await self._made_once(key, version, make)

    async def find_in_memory(self, key: str, version_key: str) -> CachedBody | None:
        """Return the answer if this process holds it and it still counts; None also where Redis can't tell."""
        copy = self._copies.get(key)
        if copy is None or not self._avoid_until <= self._clock() < copy.good_until:
            return None
        try:
            version = await self._versions.read(version_key)
        except (RedisError, OSError) as error:
            self._avoid(error)
            return None
        if version != copy.version:
            return None
        _FROM_MEMORY.inc()
        return copy.answer

    async def touch(self, *version_keys: str) -> None:
        """Let every answer of these versions count no more: to be called when a change is committed.

        Raises:
            RedisError, OSError: Redis has not heard it.
        """
        if not version_keys:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for version_key in version_keys:
                pipeline.set(version_key, secrets.token_hex(8), ex=_VERSION_SECONDS)
            await pipeline.execute()

    async def try_to_touch(self, *version_keys: str) -> None:
        """Do so if Redis can be reached; whoever calls this knows of somebody who tries again."""
        try:
            await self.touch(*version_keys)
        except (RedisError, OSError) as error:
            log.warning("cache_not_told", error=type(error).__name__)

    async def _look(self, key: str, version_key: str) -> tuple[bytes, CachedBody | None]:
        copy = self._copies.get(key)
        if copy is not None and copy.good_until > self._clock():
            version = await self._versions.read(version_key)
            if version == copy.version:
                _FROM_MEMORY.inc()
                return version, copy.answer
        version, stored = await self._redis.mget(version_key, key)
        if not isinstance(version, bytes):
            _READS.labels("miss").inc()
            return await self._first_version(version_key), None
        answer = _decoded(stored, version) if isinstance(stored, bytes) else None
        _READS.labels("miss" if answer is None else "redis").inc()
        if answer is not None:
            self._keep(key, version, answer)
        return version, answer

    async def _first_version(self, version_key: str) -> bytes:
        new = secrets.token_hex(8).encode()
        before = await self._redis.set(version_key, new, ex=_VERSION_SECONDS, nx=True, get=True)
        return before if isinstance(before, bytes) else new

    async def _made_once(self, key: str, version: bytes, make: Make) -> CachedBody:
        """Make the answer, once for all who ask for this version of it at the same time."""
        flight = self._flights.get((key, version))
        if flight is None:
            flight = asyncio.create_task(self._make_and_keep(key, version, make))
            self._flights[key, version] = flight
            flight.add_done_callback(lambda done: self._landed(key, version, done))
        return await asyncio.shield(flight)

    def _landed(self, key: str, version: bytes, flight: asyncio.Task[CachedBody]) -> None:
        del self._flights[key, version]
        if not flight.cancelled():
            flight.exception()  # seen, also when nobody waits for it any more

    async def _make_and_keep(self, key: str, version: bytes, make: Make) -> CachedBody:
        answer = await make()
        self._keep(key, version, answer)
        try:
            await self._redis.set(key, _SEPARATOR.join((version, answer.etag.encode(), answer.body)), ex=self._seconds)
        except (RedisError, OSError) as error:
            self._avoid(error)
        return answer

    def _keep(self, key: str, version: bytes, answer: CachedBody) -> None:
        self._copies[key] = _Copy(version, answer, self._clock() + self._seconds)
        self._copies.move_to_end(key)
        if len(self._copies) > _COPIES:
            self._copies.popitem(last=False)

    def _avoid(self, error: Exception) -> None:
        self._avoid_until = self._clock() + _AVOID_SECONDS
        log.warning("cache_unavailable", error=type(error).__name__)


def _decoded(stored: bytes, version: bytes) -> CachedBody | None:
    made_under, etag, body = stored.split(_SEPARATOR, maxsplit=2)
    return CachedBody(etag.decode(), body) if made_under == version else None
