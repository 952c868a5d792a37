import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import event, text

from shopsite_catalog.clients.answers import AnswerCache
from shopsite_catalog.worker import refresh_caches
from shopsite_common.cache import CachedBody
from shopsite_common.errors import Unavailable

pytestmark = pytest.mark.integration


@pytest.fixture
def statements(own):
    """The SQL that the API sends."""
    seen = []

    def count(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(own.db.engine, "before_cursor_execute", count)
    return seen


class CountingRedis:
    """Passes calls to Redis on and counts them; ``down`` makes them fail."""

    def __init__(self, redis):
        self._redis = redis
        self.calls = []
        self.down = False

    def __getattr__(self, name):
        if name == "pipeline":
            return self._redis.pipeline

        async def call(*args, **kwargs):
            self.calls.append(name)
            if self.down:
                raise RedisConnectionError
            return await getattr(self._redis, name)(*args, **kwargs)

        return call


@pytest.fixture
async def redis(redis_url):
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield CountingRedis(client)


def making(*bodies):
    """A maker that gives one body after another."""
    left = list(bodies)

    async def make():
        return CachedBody.of(left.pop(0))

    return make


async def test_a_second_read_costs_no_sql(client, make_product, statements):
    product = make_product()

    for path in ("/api/products/?ordering=name", f"/api/products/{product}/", "/api/categories/"):
        first = await client.get(path)
        statements.clear()
        second = await client.get(path)
        assert (second.status_code, second.content, statements) == (200, first.content, [])


async def test_the_keys_are_those_of_the_specification(client, own, make_product):
    product = make_product()

    await client.get("/api/products/?price__gt=1")
    await client.get(f"/api/products/{product}/")

    keys = {key.decode() for key in await own.redis.keys("product*")}
    assert f"product:detail:{product}" in keys
    assert len([key for key in keys if key.startswith("products:list:")]) == 1
    assert 0 < await own.redis.ttl(f"product:detail:{product}") <= 900


async def test_a_list_of_one_host_is_not_shown_on_another(client, make_product):
    make_product()
    make_product()

    links = [
        (await client.get("/api/products/?page_size=1", headers={"Host": host})).json()["next"]
        for host in ("one.example.com", "two.example.com")
    ]

    assert links == [
        f"http://{host}/api/products/?page_size=1&page=2" for host in ("one.example.com", "two.example.com")
    ]


async def test_a_list_in_the_same_words_is_answered_without_reading_them_again(client, make_product, monkeypatch):
    make_product()
    first = await client.get("/api/products/?ordering=name")
    monkeypatch.setattr("shopsite_catalog.api.products.asked_of", None)

    second = await client.get("/api/products/?ordering=name")
    assert (second.status_code, second.content) == (200, first.content)
    assert {**second.headers, "x-request-id": ""} == {**first.headers, "x-request-id": ""}
    assert (await client.get("/api/products/?ordering=-name")).status_code == 500
    assert (await client.get("/api/products/?ordering=name", headers={"Host": "two.example.com"})).status_code == 500


async def test_a_bad_credential_is_refused_though_the_answer_lies_ready(client, make_product):
    for path in ("/api/products/", f"/api/products/{make_product()}/"):
        for _ in range(2):
            assert (await client.get(path)).status_code == 200
        assert (await client.get(path, headers={"Authorization": "Bearer x"})).status_code == 401


async def test_what_staff_write_is_visible_to_the_next_read(client, staff, make_product):
    product = make_product(price="10.00")
    path = f"/api/products/{product}/"
    for price in ("11.00", "12.00", "13.00"):
        assert (await client.get("/api/products/")).json()["results"][0]["price"] != price
        await client.get(path)
        await client.patch(path, json={"price": price}, headers=staff)
        assert (await client.get(path)).json()["price"] == price
        assert (await client.get("/api/products/")).json()["results"][0]["price"] == price


async def test_an_unchanged_answer_is_not_sent_again(client, staff, make_product):
    path = f"/api/products/{make_product()}/"
    for each in ("/api/products/", path):
        seen = (await client.get(each)).headers["etag"]
        same = await client.get(each, headers={"If-None-Match": f'"other", W/{seen}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", seen)

    seen = (await client.get(path)).headers["etag"]
    await client.patch(path, json={"name": "Other"}, headers=staff)
    assert (await client.get(path, headers={"If-None-Match": seen})).status_code == 200


async def test_a_sale_is_visible_once_the_worker_has_told_the_caches(client, own, make_product, reserve):
    product = make_product(stock=5)
    await client.get("/api/products/")

    await reserve((product, 2))
    detail = (await client.get(f"/api/products/{product}/")).json()["stock"]
    told = await refresh_caches(own)

    assert (detail, told > 0) == (3, True)
    assert (await client.get("/api/products/")).json()["results"][0]["stock"] == 3
    assert await refresh_caches(own) == 0


async def test_a_change_whose_process_died_is_told_by_the_worker(client, own, make_product, db):
    product = make_product(name="Before")
    await client.get(f"/api/products/{product}/")

    def change(session):
        session.connection().execute(text("UPDATE products SET name = 'After'"))
        session.connection().execute(text("INSERT INTO cache_marks (product_id) VALUES (:id)"), {"id": product})

    db.run_here(change)
    assert (await client.get(f"/api/products/{product}/")).json()["name"] == "Before"
    await refresh_caches(own)

    assert (await client.get(f"/api/products/{product}/")).json()["name"] == "After"


async def test_with_redis_down_the_shop_reads_and_writes_and_the_caches_hear_later(
    client, own, staff, make_product, statements, redis
):
    product = make_product(name="Before")
    path = f"/api/products/{product}/"
    redis.down = True
    own.answers = AnswerCache(redis)

    assert (await client.get("/api/products/")).status_code == 200
    assert (await client.get(path)).json()["name"] == "Before"
    statements.clear()
    assert (await client.get(path)).status_code == 200
    assert len(statements) == 1


async def test_caches_that_cannot_be_told_are_told_again(own, make_product, monkeypatch, db):
    make_product()

    async def fail(*_keys):
        raise RedisConnectionError

    monkeypatch.setattr(own.answers, "touch", fail)
    with pytest.raises(Unavailable):
        await refresh_caches(own)
    monkeypatch.undo()

    assert await refresh_caches(own) == 1


async def test_a_hit_is_one_call_to_redis(redis):
    cache, other = AnswerCache(redis), AnswerCache(redis)
    await cache.read("k", "v", making(b"one"))

    redis.calls.clear()
    assert (await cache.read("k", "v", making())).body == b"one"
    assert redis.calls == ["get"]
    redis.calls.clear()
    assert (await other.read("k", "v", making())).body == b"one"
    assert redis.calls == ["mget"]


async def test_readers_of_one_moment_share_the_call_and_the_making(redis):
    cache = AnswerCache(redis)
    started, go = asyncio.Event(), asyncio.Event()
    made = []

    async def make():
        started.set()
        await go.wait()
        made.append(1)
        return CachedBody.of(b"body")

    readers = [asyncio.create_task(cache.read("k", "v", make)) for _ in range(20)]
    await started.wait()
    go.set()
    assert {(await reader).body for reader in readers} == {b"body"}
    assert len(made) == 1

    redis.calls.clear()
    await asyncio.gather(*(cache.read("k", "v", make) for _ in range(20)))
    assert redis.calls == ["get"]


async def test_a_reader_that_a_change_overtook_leaves_nothing_stale(redis):
    cache = AnswerCache(redis)
    await cache.read("k", "v", making(b"first"))
    await cache.touch("v")

    async def overtaken():
        await cache.touch("v")  # a change is committed after the rows were read and before they are stored
        return CachedBody.of(b"stale")

    assert (await cache.read("k", "v", overtaken)).body == b"stale"
    assert (await cache.read("k", "v", making(b"fresh"))).body == b"fresh"
    assert (await AnswerCache(redis).read("k", "v", making())).body == b"fresh"


async def test_a_failed_making_is_everybodys_error_and_is_not_kept(redis):
    cache = AnswerCache(redis)

    async def fail():
        raise Unavailable

    found = await asyncio.gather(*(cache.read("k", "v", fail) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [Unavailable] * 3
    assert (await cache.read("k", "v", making(b"ok"))).body == b"ok"


async def test_a_copy_does_not_outlive_its_time(redis):
    now = 0.0
    cache = AnswerCache(redis, seconds=900, clock=lambda: now)
    await cache.read("k", "v", making(b"old"))
    await redis.delete("k")
    now = 901.0

    assert (await cache.read("k", "v", making(b"new"))).body == b"new"


async def test_a_redis_that_fails_is_left_alone_for_a_moment(redis):
    now = 0.0
    cache = AnswerCache(redis, clock=lambda: now)
    redis.down = True

    for _ in range(3):
        await cache.read("k", "v", making(b"x"))
    assert redis.calls == ["mget"]
    redis.down, now = False, 1.5
    await cache.read("k", "v", making(b"y"))
    assert redis.calls[1:] == ["mget", "set", "set"]


async def test_only_so_many_copies_are_kept(redis):
    cache = AnswerCache(redis)
    for number in range(300):
        await cache.read(f"k{number}", "v", making(b"x"))

    assert len(cache._copies) == 256


async def test_anonymous_readers_of_the_public_lane_have_a_quota(environment, app, client):
    headers = {"X-Shopsite-Lane": "public", "X-Forwarded-For": "203.0.113.9"}

    answers = [await client.get("/api/products/", headers=headers) for _ in range(101)]

    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert answers[-1].headers["x-request-id"]
    assert answers[-1].json()["code"] == "too_many_requests"
