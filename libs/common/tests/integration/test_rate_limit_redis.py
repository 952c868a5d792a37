"""The same limits on a real Redis: many callers, one clock, and what happens without it."""

import asyncio
import time
import uuid

import pytest

from shopsite_common.rate_limit import Limiter, Quota
from shopsite_common.redis_client import open_redis

pytestmark = pytest.mark.integration


@pytest.fixture
async def redis(redis_url, monkeypatch):
    # a busy machine must not look like a Redis that is down: then each process counts for itself
    monkeypatch.setattr("shopsite_common.redis_client._SOCKET_SECONDS", 20)
    client = open_redis(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def bucket():
    return str(uuid.uuid4())


async def test_callers_at_the_same_time_get_the_quota_and_not_one_more(redis, bucket):
    limiters = [Limiter(redis), Limiter(redis)]
    quota = Quota("customer", 100)
    decisions = await asyncio.gather(*(limiters[i % 2].take(bucket, quota) for i in range(150)))
    assert sum(decision.allowed for decision in decisions) == 100
    refused = next(decision for decision in decisions if not decision.allowed)
    assert 30 <= refused.retry_after <= 36
    assert {decision.remaining for decision in decisions if decision.allowed} == set(range(100))


async def test_an_uneven_quota_is_given_whole(redis, bucket):
    decisions = [await Limiter(redis).take(bucket, Quota("odd", 7)) for _ in range(8)]
    assert [decision.allowed for decision in decisions] == [True] * 7 + [False]


async def test_a_quota_refills(redis, bucket):
    quota, limiter = Quota("fast", 2, 1), Limiter(redis)
    assert [(await limiter.take(bucket, quota)).allowed for _ in range(3)] == [True, True, False]
    ends = time.monotonic() + 5
    while not (await limiter.take(bucket, quota)).allowed:
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)


async def test_a_full_bucket_leaves_nothing_behind(redis, bucket):
    quota = Quota("fast", 10, 1)
    await Limiter(redis).take(bucket, quota)
    assert 0 < await redis.pttl(f"limit:fast:{bucket}") <= 100


async def test_failures_are_counted_together(redis, bucket):
    quota = Quota("failures", 10, 900)
    one, other = Limiter(redis), Limiter(redis)
    assert (await one.peek(bucket, quota)).remaining == 10
    records = await asyncio.gather(*(one.record(bucket, quota) for _ in range(12)))
    assert sum(record.allowed for record in records) == 10
    refused = await other.peek(bucket, quota)
    assert not refused.allowed
    assert 890 <= refused.retry_after <= 900
    await other.forget(bucket, quota)
    assert (await one.peek(bucket, quota)).allowed


async def test_without_redis_the_process_counts_itself_and_fast(bucket):
    client = open_redis("redis://127.0.0.1:1")
    limiter, quota = Limiter(client), Quota("anonymous", 5)
    began = time.monotonic()
    decisions = [await limiter.take(bucket, quota) for _ in range(6)]
    await client.aclose()
    assert [decision.allowed for decision in decisions] == [True] * 5 + [False]
    assert time.monotonic() - began < 1
