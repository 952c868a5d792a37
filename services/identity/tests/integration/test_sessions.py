"""Admin sessions, their exchange for tokens, the feed of revocations."""

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest

from shopsite_common.clock import utcnow
from shopsite_identity.errors import InvalidSession
from shopsite_identity.service import sessions

pytestmark = pytest.mark.integration

PATH = "/api/admin/session/"


@pytest.fixture
def open_session(sign_in):
    """Sign in to a session; return the answer and the cookie."""

    async def post(email):
        answer = await sign_in(email, path=PATH)
        cookie = SimpleCookie(answer.headers.get("set-cookie", "")).get("shopsite_session")
        return answer, cookie

    return post


@pytest.fixture
def exchange(client, authz):
    """Exchange a cookie as authz does."""

    async def post(cookie):
        return await client.post("/internal/sessions/exchange/", json={"session": cookie}, headers=authz)

    return post


@pytest.mark.parametrize("role", ["staff", "admin"])
async def test_staff_and_admins_get_a_session(open_session, make_account, role):
    account = make_account("ada@example.com", role=role)
    answer, cookie = await open_session("ada@example.com")
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == str(account.id)
    assert answer.json()["csrf_token"]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert cookie["path"] == "/"
    assert not cookie["secure"]


async def test_on_https_the_cookie_is_secure(client, make_account):
    make_account("ada@example.com", role="admin")
    body = {"email": "ada@example.com", "password": "securepassword123"}
    answer = await client.post(PATH, json=body, headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_customer_is_refused_and_a_wrong_password_too(open_session, make_account, sign_in):
    make_account("ada@example.com")
    answer, cookie = await open_session("ada@example.com")
    assert (answer.status_code, answer.json()["code"], cookie) == (403, "staff_only", None)
    assert (await sign_in("ada@example.com", "wrong password", path=PATH)).status_code == 401


async def test_the_cookie_is_exchanged_for_a_short_token(open_session, exchange, make_account, own):
    account = make_account("ada@example.com", role="staff")
    answer, cookie = await open_session("ada@example.com")
    given = (await exchange(cookie.value)).json()
    assert given["csrf_token"] == answer.json()["csrf_token"]
    assert given["expires_in"] <= 60
    principal = await own.keys.verify(given["access"])
    assert (principal.id, principal.role, principal.version) == (account.id, "staff", 1)
    assert principal.expires_at <= utcnow().timestamp() + 61


async def test_two_sessions_have_two_csrf_tokens(open_session, make_account):
    make_account("ada@example.com", role="staff")
    tokens = {(await open_session("ada@example.com"))[0].json()["csrf_token"] for _ in range(2)}
    assert len(tokens) == 2


async def test_get_answers_what_signing_in_did_and_delete_signs_out(client, open_session, exchange, make_account):
    make_account("ada@example.com", role="admin")
    answer, cookie = await open_session("ada@example.com")
    given = (await exchange(cookie.value)).json()
    headers = {"Authorization": f"Bearer {given['access']}", "Cookie": f"shopsite_session={cookie.value}"}
    shown = await client.get(PATH, headers=headers)
    assert shown.json() == answer.json()
    gone = await client.delete(PATH, headers=headers)
    assert gone.status_code == 204
    assert "Max-Age=0" in gone.headers["set-cookie"]
    assert (await exchange(cookie.value)).status_code == 401
    assert (await client.get(PATH, headers=headers)).status_code == 404


async def test_a_token_alone_is_no_session(client, admin):
    answer = await client.get(PATH, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_session")
    assert (await client.get(PATH)).status_code == 401


async def test_somebody_elses_cookie_is_no_session_of_mine(client, open_session, make_account, admin, exchange):
    make_account("ada@example.com", role="staff")
    _, cookie = await open_session("ada@example.com")
    headers = admin.headers | {"Cookie": f"shopsite_session={cookie.value}"}
    assert (await client.get(PATH, headers=headers)).status_code == 404
    await client.delete(PATH, headers=headers)
    assert (await exchange(cookie.value)).status_code == 200


async def test_a_session_ends_when_idle_for_half_an_hour(db, open_session, make_account):
    make_account("ada@example.com", role="staff")
    _, cookie = await open_session("ada@example.com")
    now = utcnow()

    def holder(minutes):
        return db.run_here(
            sessions.get_session_holder,
            cookie=cookie.value,
            idle=timedelta(minutes=30),
            now=now + timedelta(minutes=minutes),
        )

    for minutes in (29, 58, 87):
        assert holder(minutes).email == "ada@example.com"
    with pytest.raises(InvalidSession):
        holder(118)


async def test_a_session_ends_after_twelve_hours_however_busy(db, open_session, make_account):
    make_account("ada@example.com", role="staff")
    _, cookie = await open_session("ada@example.com")
    now = utcnow()

    def holder(hours):
        return db.run_here(
            sessions.get_session_holder,
            cookie=cookie.value,
            idle=timedelta(hours=1),
            now=now + timedelta(hours=hours),
        )

    for half_hours in range(24):
        holder(half_hours / 2)
    with pytest.raises(InvalidSession):
        holder(12.01)


async def test_a_demoted_admins_session_and_tokens_end(
    client, open_session, exchange, make_account, admin, revocations
):
    account = make_account("ada@example.com", role="admin")
    _, cookie = await open_session("ada@example.com")
    await client.patch(f"/api/admin/customers/{account.id}/", json={"role": "customer"}, headers=admin.headers)
    assert (await exchange(cookie.value)).status_code == 401
    assert await revocations() == {str(account.id): 2}


async def test_inside_only_authz_may_ask(client, service_keys, admin):
    for method, path in (("POST", "/internal/sessions/exchange/"), ("GET", "/internal/revocations/")):
        assert (await client.request(method, path, json={"session": "x"})).status_code == 401
        assert (await client.request(method, path, json={"session": "x"}, headers=admin.headers)).status_code == 401
        other = service_keys.headers("orders", "identity")
        assert (await client.request(method, path, json={"session": "x"}, headers=other)).status_code == 403


async def test_an_unknown_cookie_is_refused(exchange):
    assert (await exchange("nonsense")).status_code == 401
