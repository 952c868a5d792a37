"""Limits on signing in and its like."""

import pytest

from shopsite_identity import main

pytestmark = pytest.mark.integration

HOME, ELSEWHERE = "198.51.100.1", "203.0.113.{}"


async def test_ten_failures_lock_the_account_for_strangers(sign_in, make_account):
    make_account("ada@example.com")
    wrong = [await sign_in("ada@example.com", "wrong password", address=ELSEWHERE.format(n)) for n in range(11)]
    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    refused = await sign_in("ADA@example.com", address=ELSEWHERE.format(99))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert refused.headers["RateLimit-Policy"] == '"sign-in-failures";q=10;w=900'
    assert refused.headers["X-RateLimit-Limit"] == "10"


async def test_an_unknown_address_is_locked_just_the_same(sign_in):
    answers = [await sign_in("nobody@example.com", address=ELSEWHERE.format(n)) for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_failures_from_elsewhere_never_lock_out_where_one_has_signed_in_before(sign_in, make_account):
    make_account("ada@example.com")
    assert (await sign_in("ada@example.com", address=HOME)).status_code == 200
    for n in range(15):
        await sign_in("ada@example.com", "wrong password", address=ELSEWHERE.format(n))
    assert (await sign_in("ada@example.com", address=HOME)).status_code == 200


async def test_a_known_address_has_a_limit_of_its_own(sign_in, make_account):
    make_account("ada@example.com")
    await sign_in("ada@example.com", address=HOME)
    answers = [await sign_in("ada@example.com", "wrong password", address=HOME) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert (await sign_in("ada@example.com", address=ELSEWHERE.format(1))).status_code == 200


async def test_success_begins_to_count_anew(sign_in, make_account):
    make_account("ada@example.com")
    for _ in range(2):
        for n in range(9):
            assert (await sign_in("ada@example.com", "wrong", address=ELSEWHERE.format(n))).status_code == 401
        assert (await sign_in("ada@example.com", address=HOME)).status_code == 200
        assert (await sign_in("ada@example.com", address=ELSEWHERE.format(77))).status_code == 200


async def test_thirty_tries_an_address_whatever_the_account(sign_in):
    answers = [await sign_in(f"person{n}@example.com", "wrong", address=HOME) for n in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert (await sign_in("person1@example.com", "wrong", address=ELSEWHERE.format(1))).status_code == 401


async def test_sessions_and_tokens_share_the_limit(sign_in, make_account):
    make_account("ada@example.com", role="admin")
    for n in range(10):
        path = "/api/token/" if n % 2 else "/api/admin/session/"
        await sign_in("ada@example.com", "wrong", address=ELSEWHERE.format(n), path=path)
    assert (await sign_in("ada@example.com", address=ELSEWHERE.format(88))).status_code == 429


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/signup/", {"email": "a@b.example", "first_name": "A", "last_name": "B"}),
        ("/api/token/refresh/", {"refresh": "nonsense"}),
        ("/api/password/reset/", {"token": "nonsense"}),
    ],
)
async def test_thirty_an_address_for_each_of_the_others(client, own, path, body):
    passwords = {"password": "password123", "new_password": "good-enough-word", "confirm_password": "good-enough-word"}
    allowed = {
        "/api/signup/": ("password", "confirm_password"),
        "/api/password/reset/": ("new_password", "confirm_password"),
    }
    body = body | {name: passwords[name] for name in allowed.get(path, ())}
    if path == "/api/signup/":
        body["confirm_password"] = body["password"]
    headers = {"X-Forwarded-For": HOME}
    answers = [await client.post(path, json=body, headers=headers) for _ in range(31)]
    assert 429 not in {answer.status_code for answer in answers[:30]}
    assert answers[30].status_code == 429
    other = await client.post(path, json=body, headers={"X-Forwarded-For": ELSEWHERE.format(1)})
    assert other.status_code != 429


async def test_what_a_client_writes_before_the_gateways_word_counts_for_nothing(client):
    answers = [
        await client.post(
            "/api/token/refresh/", json={"refresh": "x"}, headers={"X-Forwarded-For": f"10.0.0.{n}, {HOME}"}
        )
        for n in range(31)
    ]
    assert answers[30].status_code == 429


async def test_the_limits_can_be_switched_off(environment, db, make_account):
    import httpx

    environment.setenv("SHOPSITE_RATE_LIMIT_LOGIN", "0")
    app = main.create()
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        body = {"email": "nobody@example.com", "password": "wrong password"}
        answers = [await client.post("/api/token/", json=body) for _ in range(35)]
    assert {answer.status_code for answer in answers} == {401}


async def test_the_limits_hold_while_redis_is_down(own, sign_in):
    await own.redis.connection_pool.disconnect()
    own.redis.connection_pool.connection_kwargs["port"] = 9
    answers = [await sign_in("nobody@example.com", address=ELSEWHERE.format(n)) for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
