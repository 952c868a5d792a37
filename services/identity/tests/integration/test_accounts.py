"""Signing up, and one's own profile."""

import asyncio

import pytest

from shopsite_common.events import CustomerRegistered, CustomerUpdated
from shopsite_identity.clients.profiles import key_of

pytestmark = pytest.mark.integration

SEED = {
    "email": "user@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "phone_number": "+1234567890",
    "date_of_birth": "1990-01-01",
    "password": "securepassword123",
    "confirm_password": "securepassword123",
}
ME = "/api/customer_profile/me/"


async def test_the_specifications_own_body_signs_up(client, events):
    answer = await client.post("/api/signup/", json=SEED)
    assert answer.status_code == 201
    body = answer.json()
    assert list(body) == [
        "id",
        "email",
        "first_name",
        "last_name",
        "phone_number",
        "date_of_birth",
        "role",
        "preferences",
        "created_at",
        "updated_at",
    ]
    assert body["role"] == "customer"
    assert body["preferences"] == {"order_emails": True, "marketing_emails": False}
    (event,) = events(CustomerRegistered)
    assert (str(event.customer_id), event.email, event.is_active) == (body["id"], "user@example.com", True)


async def test_an_address_is_unique_without_case(client):
    assert (await client.post("/api/signup/", json=SEED)).status_code == 201
    answer = await client.post("/api/signup/", json=SEED | {"email": "USER@Example.com"})
    assert answer.status_code == 400
    assert list(answer.json()["details"]) == ["email"]


async def test_of_many_who_sign_up_at_once_with_one_address_one_does(client, events):
    answers = await asyncio.gather(*(client.post("/api/signup/", json=SEED) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400, 400]
    assert len(events(CustomerRegistered)) == 1


async def test_phone_and_birth_are_optional(client):
    body = {name: value for name, value in SEED.items() if name not in {"phone_number", "date_of_birth"}}
    answer = await client.post("/api/signup/", json=body)
    assert answer.status_code == 201
    assert answer.json()["phone_number"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@localhost"}, "email"),
        ({"email": 5}, "email"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "   "}, "first_name"),
        ({"first_name": "A\nB"}, "first_name"),
        ({"last_name": "x" * 151}, "last_name"),
        ({"phone_number": "0803123"}, "phone_number"),
        ({"phone_number": "+1 234 567"}, "phone_number"),
        ({"date_of_birth": "01.01.1990"}, "date_of_birth"),
        ({"date_of_birth": "3000-01-01"}, "date_of_birth"),
        ({"date_of_birth": 631152000}, "date_of_birth"),
        ({"password": "1234567", "confirm_password": "1234567"}, "password"),
        ({"password": "password123", "confirm_password": "password123"}, "password"),
        ({"password": "User.Example", "confirm_password": "User.Example"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"confirm_password": "securepassword124"}, "confirm_password"),
        ({"role": "admin"}, "role"),
        ({"is_staff": True}, "is_staff"),
        ({"id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11"}, "id"),
    ],
)
async def test_a_signup_that_breaks_a_rule_names_the_field(client, events, changes, field):
    answer = await client.post("/api/signup/", json=SEED | changes)
    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [field]
    assert events() == []


async def test_what_is_missing_and_what_is_weak_is_told_together(client):
    answer = await client.post("/api/signup/", json={"password": "short", "confirm_password": "short"})
    details = answer.json()["details"]
    assert details["email"] == ["This field is required."]
    assert details["password"] == ["Password must be at least 8 characters."]


async def test_credentials_are_ignored_where_nobody_needs_any(client):
    answer = await client.post("/api/signup/", json=SEED, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 201


async def test_a_profile_is_cached_and_a_change_is_visible_at_once(client, make_account, headers_of, own):
    account = make_account()
    headers = await headers_of(account)
    first = await client.get(ME, headers=headers)
    assert first.status_code == 200
    assert await own.redis.get(key_of(account.id)) is not None
    assert 0 < await own.redis.ttl(key_of(account.id)) <= 900

    changed = await client.patch(ME, headers=headers, json={"first_name": " Grace "})

    assert changed.json()["first_name"] == "Grace"
    assert (await client.get(ME, headers=headers)).content == changed.content


async def test_the_cached_bytes_are_what_is_answered(client, make_account, headers_of, own):
    account = make_account()
    await own.profiles.put(account.id, 5, b'{"from": "the cache"}')
    assert (await client.get(ME, headers=await headers_of(account))).json() == {"from": "the cache"}


async def test_an_older_profile_never_replaces_a_newer_one(make_account, own):
    account = make_account()
    await own.profiles.put(account.id, 2, b"new")
    await own.profiles.put(account.id, 1, b"old")
    assert await own.profiles.get(account.id) == b"new"


async def test_put_needs_both_names_and_leaves_the_rest_as_it_is(client, make_account, headers_of):
    headers = await headers_of(make_account())
    await client.patch(ME, headers=headers, json={"phone_number": "+2348012345678"})
    answer = await client.put(ME, headers=headers, json={"first_name": "Grace"})
    assert answer.json()["details"] == {"last_name": ["This field is required."]}
    answer = await client.put(ME, headers=headers, json={"first_name": "Grace", "last_name": "Hopper"})
    assert answer.status_code == 200
    assert (answer.json()["last_name"], answer.json()["phone_number"]) == ("Hopper", "+2348012345678")


async def test_an_empty_patch_changes_nothing_and_tells_nobody(client, make_account, headers_of, events):
    account = make_account()
    answer = await client.patch(ME, headers=await headers_of(account), json={})
    assert answer.status_code == 200
    assert events(CustomerUpdated) == []


async def test_one_preference_leaves_the_other(client, make_account, headers_of, events):
    headers = await headers_of(make_account())
    await client.patch(ME, headers=headers, json={"preferences": {"marketing_emails": True}})
    answer = await client.patch(ME, headers=headers, json={"preferences": {"order_emails": False}})
    assert answer.json()["preferences"] == {"order_emails": False, "marketing_emails": True}
    assert [event.preferences.order_emails for event in events(CustomerUpdated)] == [True, False]


@pytest.mark.parametrize("field", ["email", "role", "id", "is_active", "created_at", "password", "session_epoch"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_what_is_read_only_is_refused(client, make_account, headers_of, events, field, method):
    headers = await headers_of(make_account())
    body = {"first_name": "Grace", "last_name": "Hopper", field: "admin"}
    answer = await client.request(method, ME, headers=headers, json=body)
    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [field]
    assert events(CustomerUpdated) == []


@pytest.mark.parametrize(
    "body", [{"first_name": None}, {"preferences": None}, {"preferences": {"order_emails": "yes"}}]
)
async def test_null_and_text_are_no_values_where_none_are_meant(client, make_account, headers_of, body):
    answer = await client.patch(ME, headers=await headers_of(make_account()), json=body)
    assert answer.status_code == 400


async def test_a_phone_number_can_be_taken_away(client, make_account, headers_of):
    headers = await headers_of(make_account())
    await client.patch(ME, headers=headers, json={"phone_number": "+2348012345678"})
    answer = await client.patch(ME, headers=headers, json={"phone_number": None})
    assert answer.json()["phone_number"] is None


async def test_the_profile_needs_a_token(client):
    answer = await client.get(ME)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_shop_works_while_redis_is_down(client, make_account, headers_of, own):
    account = make_account()
    headers = await headers_of(account)
    await client.get(ME, headers=headers)
    await own.redis.flushdb()
    own.redis.connection_pool.connection_kwargs["port"] = 9
    await own.redis.connection_pool.disconnect()
    assert (await client.get(ME, headers=headers)).status_code == 200
    assert (await client.patch(ME, headers=headers, json={"first_name": "Grace"})).status_code == 200
    assert (await client.get(ME, headers=headers)).json()["first_name"] == "Grace"
