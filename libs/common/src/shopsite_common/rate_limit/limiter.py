"""The limits of all processes together, in Redis: one call each."""

import math
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import MaxConnectionsError, RedisError

from shopsite_common.logs import get_logger
from shopsite_common.rate_limit.memory import SECOND, OwnMemory
from shopsite_common.rate_limit.quota import Decision, Quota

log = get_logger(__name__)

_RETRY_REDIS_AFTER = 1.0

# The key holds the moment at which the bucket is full again. The server's clock counts, so all processes agree.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval = math.floor(window / limit)
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local wait = full_at + interval - window - now
if wait > 0 then return {0, 0, full_at - now, wait} end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {1, math.floor((window - (full_at - now)) / interval), full_at - now, 0}
"""

_COUNT = """
local n = tonumber(ARGV[1])
if n > 0 then n = redis.call('INCRBY', KEYS[1], n) else n = tonumber(redis.call('GET', KEYS[1]) or 0) end
local left = redis.call('PTTL', KEYS[1])
if n > 0 and left < 0 then
  left = tonumber(ARGV[2]) / 1000
  redis.call('PEXPIRE', KEYS[1], left)
end
return {n, math.max(left, 0) * 1000}
"""


class Limiter:
    """Asks Redis, and the process's own memory while Redis does not answer.

    A Redis that failed is left alone for a second, so that a hanging one costs one request its time-out and not each.

    Args:
        redis: a client that fails fast, as ``open_redis`` makes it.
        clock: seconds that only grow.
    """

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._count = redis.register_script(_COUNT)
        self._own = OwnMemory(clock)
        self._down_until = 0.0

    async def take(self, bucket: str, quota: Quota) -> Decision:
        """Spend one of the bucket's quota, if there is one left."""
        if quota.limit == 0:
            return Decision(allowed=True, quota=quota)
        key = _key(bucket, quota)
        answer = await self._ask(self._take, key, quota.limit, quota.seconds * SECOND) or self._own.take(key, quota)
        allowed, remaining, reset, wait = answer
        return Decision(
            allowed=bool(allowed),
            quota=quota,
            remaining=remaining,
            reset_seconds=_whole(reset if allowed else wait),
            retry_after=_whole(wait),
        )

    async def peek(self, bucket: str, quota: Quota) -> Decision:
        """Tell whether one more would still be within the quota, without counting anything."""
        return await self._counted(bucket, quota, 0)

    async def record(self, bucket: str, quota: Quota) -> Decision:
        """Count one; ``allowed`` tells whether it was still within the quota.

        To hold against many at the same time, record first, refuse if not allowed, and ``forget`` on success.
        """
        return await self._counted(bucket, quota, 1)

    async def forget(self, bucket: str, quota: Quota) -> None:
        """Begin anew: nothing counted."""
        key = _key(bucket, quota)
        self._own.forget(key)
        if self._clock() >= self._down_until:
            try:
                await self._redis.delete(key)
            except RedisError as error:
                self._note_failure(error)

    async def _counted(self, bucket: str, quota: Quota, more: int) -> Decision:
        if quota.limit == 0:
            return Decision(allowed=True, quota=quota)
        key = _key(bucket, quota)
        answer = await self._ask(self._count, key, more, quota.seconds * SECOND) or self._own.count(key, quota, more)
        counted, left = answer
        allowed = counted < quota.limit + more
        return Decision(
            allowed=allowed,
            quota=quota,
            remaining=max(quota.limit - counted, 0),
            reset_seconds=_whole(left),
            retry_after=0 if allowed else max(_whole(left), 1),
        )

    async def _ask(self, script: Any, key: str, *arguments: int) -> list[int] | None:
        if self._clock() < self._down_until:
            return None
        try:
            answer: list[int] = await script(keys=[key], args=arguments)
        except RedisError as error:
            self._note_failure(error)
            return None
        return answer

    def _note_failure(self, error: RedisError) -> None:
        if isinstance(error, MaxConnectionsError):
            return  # too many calls of our own at once, which says nothing about Redis
        self._down_until = self._clock() + _RETRY_REDIS_AFTER
        log.warning("rate_limit_in_own_memory", error=type(error).__name__)


def _key(bucket: str, quota: Quota) -> str:
    return f"limit:{quota.name}:{bucket}"


def _whole(microseconds: int) -> int:
    return math.ceil(microseconds / SECOND)
