"""Cached answers: the finished bytes with their ETag, so that a hit is one call to Redis and no serialisation.

A cache never fails a request: with Redis down it is passed by.
"""

import hashlib
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shopsite_common.logs import get_logger

log = get_logger(__name__)

_SEPARATOR = b"\n"


@dataclass(frozen=True)
class CachedBody:
    """A finished JSON body and its strong ETag."""

    etag: str
    body: bytes

    @classmethod
    def of(cls, body: bytes) -> "CachedBody":
        """Return the body with the ETag of its bytes."""
        return cls(f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"', body)


class ByteCache:
    """Bytes by key in Redis.

    Args:
        redis: a client that fails fast.
        seconds: how long an entry lives.
    """

    def __init__(self, redis: Redis, *, seconds: int = 900) -> None:
        self._redis = redis
        self._seconds = seconds

    async def get(self, key: str) -> CachedBody | None:
        """Return the entry, or None if there is none or Redis is down."""
        try:
            stored = await self._redis.get(key)
        except (RedisError, OSError) as error:
            log.warning("cache_unavailable", error=type(error).__name__)
            return None
        if not isinstance(stored, bytes):
            return None
        etag, _, body = stored.partition(_SEPARATOR)
        return CachedBody(etag.decode(), body)

    async def set(self, key: str, entry: CachedBody) -> None:
        """Keep an entry."""
        try:
            await self._redis.set(key, entry.etag.encode() + _SEPARATOR + entry.body, ex=self._seconds)
        except (RedisError, OSError) as error:
            log.warning("cache_unavailable", error=type(error).__name__)

    async def delete(self, *keys: str) -> None:
        """Drop entries."""
        try:
            await self._redis.delete(*keys)
        except (RedisError, OSError) as error:
            log.warning("cache_unavailable", error=type(error).__name__)
