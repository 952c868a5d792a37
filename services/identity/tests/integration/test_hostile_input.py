"""What nobody sends by mistake: it is refused like everything else, and no answer is an error of ours."""

import json

import pytest

pytestmark = pytest.mark.integration

NAMES = {"first_name": "Ada", "last_name": "Byron"}
GOOD = "securepassword123"
SIGN_UP = {"email": "ada@example.com", **NAMES, "password": GOOD, "confirm_password": GOOD}
BODIES = {
    "/api/signup/": SIGN_UP,
    "/api/token/": {"email": "ada@example.com", "password": GOOD},
    "/api/admin/session/": {"email": "ada@example.com", "password": GOOD},
    "/api/token/refresh/": {"refresh": "some-token"},
    "/api/token/revoke/": {"refresh": "some-token"},
    "/api/password/forgot/": {"email": "ada@example.com"},
    "/api/password/reset/": {"token": "some-token", "new_password": GOOD, "confirm_password": GOOD},
    "/api/password/change/": {"current_password": GOOD, "new_password": GOOD, "confirm_password": GOOD},
    "/api/admin/customers/": SIGN_UP,
}
STRANGE = ["\x00", "a\x00b@example.com", "\ud800", "a\ud800@example.com", "x" * 100_000, 5, 1.5, True, None, [], {}]
ADMINS_ONLY = [
    ("GET", "/api/admin/customers/"),
    ("POST", "/api/admin/customers/"),
    ("GET", "/api/admin/customers/0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11/"),
    ("PUT", "/api/admin/customers/0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11/"),
    ("PATCH", "/api/admin/customers/0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11/"),
    ("DELETE", "/api/admin/customers/0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11/"),
    ("GET", "/api/admin/audit/"),
]


@pytest.fixture
async def send(client, own, admin, monkeypatch):
    """Send a JSON body as an admin, as often as one likes."""
    monkeypatch.setattr(own.throttle, "_switched_on", False)

    async def post(path, body):
        headers = admin.headers | {"Content-Type": "application/json"}
        return await client.post(path, content=json.dumps(body), headers=headers)

    return post


@pytest.mark.parametrize("path", BODIES)
async def test_no_value_of_a_field_is_an_error_of_ours(send, path):
    for field in BODIES[path]:
        for value in STRANGE:
            answer = await send(path, BODIES[path] | {field: value})
            assert answer.status_code < 500, (field, value, answer.text)
            assert answer.status_code in {204, 400, 401, 202}, (field, value, answer.text)


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("body", [None, [], "text", 5, {}])
async def test_a_body_that_is_no_object_or_empty_is_refused(send, path, body):
    answer = await send(path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


@pytest.mark.parametrize(
    "query",
    [
        "search=%00",
        "search=%ff",
        "search=%25%5C%5F",
        "role=",
        "role=ADMIN",
        "is_active=perhaps",
        "ordering=password_hash",
        "ordering=-",
        "page=0",
        "page=99999999999999999999",
        "page_size=0",
    ],
)
async def test_no_query_is_an_error_of_ours(client, admin, query):
    answer = await client.get(f"/api/admin/customers/?{query}", headers=admin.headers)
    assert answer.status_code in ({200} if query in {"search=%ff", "search=%25%5C%5F"} else {400, 404}), answer.text


@pytest.mark.parametrize(
    "query",
    ["object=%00", "action=%00", "at__gte=9999-99-99", "at__lte=9999-12-31T23:59:59-23:59", "at__gte=0001-01-01"],
)
async def test_no_filter_of_the_log_is_an_error_of_ours(client, admin, query):
    answer = await client.get(f"/api/admin/audit/?{query}", headers=admin.headers)
    assert answer.status_code == (200 if query == "at__gte=0001-01-01" else 400), answer.text


@pytest.mark.parametrize("cookie", ["", "x" * 600, "\x01", "ÿ", "a=b; shopsite_session=c"])
async def test_no_cookie_is_an_error_of_ours(client, admin, cookie):
    headers = admin.headers | {"Cookie": f"shopsite_session={cookie}".encode("latin-1")}
    assert (await client.get("/api/admin/session/", headers=headers)).status_code in {400, 404}


@pytest.mark.parametrize(("method", "path"), ADMINS_ONLY)
@pytest.mark.parametrize("role", ["customer", "staff"])
async def test_accounts_and_the_log_are_for_admins(client, make_account, headers_of, method, path, role):
    headers = await headers_of(make_account(role=role))
    assert (await client.request(method, path, headers=headers, json=SIGN_UP)).status_code == 403
    assert (await client.request(method, path, json=SIGN_UP)).status_code == 401


async def test_headers_that_claim_to_know_who_asks_open_nothing(client, admin):
    claims = {"X-User-Id": str(admin.id), "X-User-Role": "admin", "X-Forwarded-User": "root@example.com"}
    assert (await client.get("/api/admin/customers/", headers=claims)).status_code == 401


async def test_nothing_personal_and_no_secret_is_logged(
    client, make_account, sign_in, headers_of, admin, capfd, caplog
):
    account = make_account("lovelace@example.com", first_name="Augusta")
    headers = await headers_of(account)
    answers = [
        await client.post("/api/signup/", json=SIGN_UP | {"email": "countess@example.com"}),
        await client.post("/api/signup/", json=SIGN_UP | {"email": "countess@example.com"}),
        await client.post("/api/signup/", json=SIGN_UP | {"email": "countess@"}),
        await sign_in("lovelace@example.com", "a wrong password"),
        await sign_in("lovelace@example.com"),
        await client.post("/api/token/refresh/", json={"refresh": "a-spent-secret"}),
        await client.patch("/api/customer_profile/me/", json={"first_name": "Augusta Ada"}, headers=headers),
        await client.get("/api/admin/customers/?search=lovelace", headers=admin.headers),
        await client.delete(f"/api/admin/customers/{account.id}/", headers=admin.headers),
    ]
    assert [answer.status_code for answer in answers] == [201, 400, 400, 401, 200, 401, 200, 200, 204]
    captured = capfd.readouterr()
    logged = captured.out + captured.err + caplog.text
    for secret in (
        "lovelace",
        "countess",
        "Augusta",
        "wrong password",
        GOOD,
        "a-spent-secret",
        answers[4].json()["refresh"],
    ):
        assert secret not in logged
