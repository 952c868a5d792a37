"""The cache on a real Redis, and without one."""

import pytest
from redis.asyncio import Redis

from shopsite_common.cache import ByteCache, CachedBody
from shopsite_common.redis_client import open_redis


@pytest.mark.integration
async def test_bytes_come_back_with_their_etag_until_they_are_dropped(redis_url):
    async with Redis.from_url(redis_url) as redis:
        cache = ByteCache(redis, seconds=60)
        entry = CachedBody.of(b"line\nline")
        assert await cache.get("a") is None
        await cache.set("a", entry)
        assert await cache.get("a") == entry
        assert 0 < await redis.ttl("a") <= 60
        await cache.delete("a", "b")
        assert await cache.get("a") is None


def test_an_etag_is_strong_and_of_the_bytes():
    assert CachedBody.of(b"a").etag == CachedBody.of(b"a").etag
    assert CachedBody.of(b"a").etag != CachedBody.of(b"b").etag
    assert CachedBody.of(b"a").etag.startswith('"')


async def test_without_redis_the_cache_is_passed_by():
    redis = open_redis("redis://127.0.0.1:1")
    cache = ByteCache(redis)
    await cache.set("a", CachedBody.of(b"a"))
    await cache.delete("a")
    assert await cache.get("a") is None
    await redis.aclose()
