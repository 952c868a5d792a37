"""Limits without a server: the process's own memory, the header fields, addresses, the middleware."""

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import MaxConnectionsError

from shopsite_common.rate_limit import AnonymousQuota, ClientAddress, Decision, Limiter, Quota, headers
from shopsite_common.rate_limit import memory as memory_module

HOURLY = Quota("anonymous", 3)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class DeadRedis(Redis):
    """Refuses every command and counts them."""

    def __init__(self, error=RedisDown):
        super().__init__()
        self.asked = 0
        self.error = error

    async def execute_command(self, *_args, **_options):
        self.asked += 1
        raise self.error("down")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def redis():
    return DeadRedis()


@pytest.fixture
def limiter(redis, clock):
    return Limiter(redis, clock=clock)


async def test_the_whole_quota_may_come_as_one_burst_and_not_one_more(limiter):
    decisions = [await limiter.take("a", HOURLY) for _ in range(4)]
    assert [decision.allowed for decision in decisions] == [True, True, True, False]
    assert [decision.remaining for decision in decisions] == [2, 1, 0, 0]
    assert decisions[2].reset_seconds == 3600
    assert decisions[3].retry_after == decisions[3].reset_seconds == 1200


async def test_a_quota_refills_steadily(limiter, clock):
    for _ in range(3):
        await limiter.take("a", HOURLY)
    clock.now += 1199
    assert not (await limiter.take("a", HOURLY)).allowed
    clock.now += 1
    assert (await limiter.take("a", HOURLY)).allowed
    assert not (await limiter.take("a", HOURLY)).allowed


async def test_buckets_and_quotas_do_not_share(limiter):
    for _ in range(3):
        await limiter.take("a", HOURLY)
    assert (await limiter.take("b", HOURLY)).allowed
    assert (await limiter.take("a", Quota("customer", 3))).allowed


async def test_a_limit_of_zero_is_off_and_says_nothing(limiter, redis):
    decision = await limiter.take("a", Quota("anonymous", 0))
    assert decision.allowed
    assert headers(decision) == {}
    assert (await limiter.record("a", Quota("failures", 0))).allowed
    assert redis.asked == 0


async def test_a_dead_redis_is_left_alone_for_a_second(limiter, redis, clock):
    for _ in range(3):
        await limiter.take("a", HOURLY)
    assert redis.asked == 1
    clock.now += 1.1
    await limiter.take("a", HOURLY)
    assert redis.asked == 2


async def test_too_many_own_connections_do_not_count_as_a_dead_redis(clock):
    redis = DeadRedis(MaxConnectionsError)
    limiter = Limiter(redis, clock=clock)
    for _ in range(3):
        await limiter.take("a", HOURLY)
    assert redis.asked == 3


async def test_failures_are_counted_in_a_window_that_opens_with_the_first(limiter, clock):
    quota = Quota("failures", 2, 900)
    assert (await limiter.peek("a", quota)).allowed
    first = await limiter.record("a", quota)
    clock.now += 800
    second = await limiter.record("a", quota)
    assert (first.allowed, second.allowed) == (True, True)
    refused = await limiter.peek("a", quota)
    assert not refused.allowed
    assert refused.retry_after == 100
    assert not (await limiter.record("a", quota)).allowed
    clock.now += 101
    assert (await limiter.peek("a", quota)).allowed


async def test_forget_begins_anew(limiter):
    quota = Quota("failures", 1, 900)
    await limiter.record("a", quota)
    await limiter.forget("a", quota)
    assert (await limiter.peek("a", quota)).remaining == 1


async def test_own_memory_is_bounded(limiter, monkeypatch):
    monkeypatch.setattr(memory_module, "_BUCKETS", 2)
    quota = Quota("anonymous", 1)
    for bucket in "abc":
        assert (await limiter.take(bucket, quota)).allowed
    assert not (await limiter.take("c", quota)).allowed
    assert (await limiter.take("a", quota)).allowed, "the stalest bucket was dropped"


def test_header_fields_of_a_refusal():
    decision = Decision(allowed=False, quota=Quota("customer", 1000), reset_seconds=4, retry_after=4)
    assert headers(decision) == {
        "RateLimit-Policy": '"customer";q=1000;w=3600',
        "RateLimit": '"customer";r=0;t=4',
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "4",
        "Retry-After": "4",
    }


@pytest.mark.parametrize(
    ("trusted", "chain", "hops", "client"),
    [
        ([], "203.0.113.7", 0, "203.0.113.7"),
        ([], "6.6.6.6, 203.0.113.7", 0, "203.0.113.7"),
        ([], "203.0.113.7, 127.0.0.1", 1, "203.0.113.7"),
        (["10.0.0.0/8"], "6.6.6.6, 203.0.113.7, 10.0.0.2, 10.0.0.1", 0, "203.0.113.7"),
        (["10.0.0.1"], "10.0.0.1", 0, "10.0.0.1"),
        (["10.0.0.0/8"], "6.6.6.6, nonsense, 10.0.0.1", 0, "unknown"),
        ([], "2001:db8::1234", 0, "2001:db8::/64"),
        (["2001:db8::1"], "2001:db8:5::9, 2001:db8::1", 0, "2001:db8:5::/64"),
        ([], "::ffff:203.0.113.7", 0, "203.0.113.7"),
        ([], "127.0.0.1", 1, "127.0.0.1"),
        ([], "", 0, "unknown"),
    ],
)
def test_client_address(trusted, chain, hops, client):
    assert ClientAddress(trusted).of(chain, own_hops=hops) == client


async def call(app, **fields):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://catalog") as client:
        return await client.get("/", headers={name.replace("_", "-"): value for name, value in fields.items()})


async def hello(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


PUBLIC = {"x_shopsite_lane": "public"}


async def test_the_public_lane_is_counted_by_address(limiter):
    app = AnonymousQuota(hello, limiter=limiter, quota=HOURLY)
    for left in (2, 1, 0):
        answer = await call(app, **PUBLIC, x_forwarded_for="203.0.113.7")
        assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, str(left))
    refused = await call(app, **PUBLIC, x_forwarded_for="6.6.6.6, 203.0.113.7")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["retry-after"] == "1200"
    assert refused.headers["ratelimit"] == '"anonymous";r=0;t=1200'
    problem = refused.json()
    assert (problem["status"], problem["code"], problem["details"]) == (429, "too_many_requests", {})
    assert (await call(app, **PUBLIC, x_forwarded_for="203.0.113.8")).status_code == 200


async def test_what_did_not_come_by_the_public_lane_is_not_counted(limiter, redis):
    app = AnonymousQuota(hello, limiter=limiter, quota=Quota("anonymous", 1))
    for _ in range(3):
        assert (await call(app, x_forwarded_for="203.0.113.7")).status_code == 200
    assert redis.asked == 0


async def test_the_middleware_is_off_with_a_limit_of_zero(limiter, redis):
    app = AnonymousQuota(hello, limiter=limiter, quota=Quota("anonymous", 0))
    answer = await call(app, **PUBLIC)
    assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)
    assert redis.asked == 0
