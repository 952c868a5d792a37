"""What the API says of roles, tokens and the staff's session."""

import asyncio
import secrets

import httpx
import jwt
import pytest

from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e

PASSWORD = "securepassword123"
ANOTHER = "another-Secret-77"
SESSION = "/api/admin/session/"
ME = "/api/customer_profile/me/"
PRODUCT = {"name": "A lamp of the session", "price": "10.00"}


async def pair_of(shop, email, password=PASSWORD):
    answer = await shop.request("POST", "/api/token/", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def renew(shop, refresh):
    return await shop.request("POST", "/api/token/refresh/", json={"refresh": refresh})


# --- roles


@pytest.mark.row("Roles")
async def test_a_token_names_the_role(shop, buyer, staff, admin):
    for account, role in ((buyer, "customer"), (staff, "staff"), (admin, "admin")):
        token = account.headers["Authorization"].removeprefix("Bearer ")
        assert jwt.decode(token, options={"verify_signature": False})["role"] == role


@pytest.mark.row("Roles")
async def test_each_role_may_what_the_one_below_may_and_more(buyer, staff, admin):
    catalog = [("POST", "/api/products/", PRODUCT), ("GET", "/api/admin/inventory/low/", None)]
    shop_wide = [
        ("GET", path, None)
        for path in (
            "/api/admin/customers/",
            "/api/admin/audit/",
            "/api/admin/analytics/sales/",
            "/api/admin/notifications/",
        )
    ]
    for calls, allowed in ((catalog, (staff, admin)), (shop_wide, (admin,))):
        for method, path, body in calls:
            for account in (buyer, staff, admin):
                answer = await account.call(method, path, json=body)
                if account in allowed:
                    assert answer.is_success, (path, account.email, answer.text)
                else:
                    problem_of(answer, 403)


# --- tokens


@pytest.mark.row("Tokens", "GET /.well-known/jwks.json")
async def test_an_access_token_lives_15_minutes_and_the_published_keys_verify_it(shop, buyer):
    token = (await pair_of(shop, buyer.email))["access"]
    keys = (await shop.request("GET", "/.well-known/jwks.json")).json()["keys"]
    header = jwt.get_unverified_header(token)
    [key] = [key for key in keys if key["kid"] == header["kid"]]
    assert key["kty"] in {"RSA", "EC", "OKP"}
    assert not {"d", "p", "q", "k"} & set(key)
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=[header["alg"]], options={"verify_aud": False})
    assert claims["exp"] - claims["iat"] == 15 * 60


@pytest.mark.row("Tokens")
async def test_a_refresh_token_that_is_used_again_ends_the_whole_family(shop, buyer):
    first = await pair_of(shop, buyer.email)
    second = (await renew(shop, first["refresh"])).json()
    problem_of(await renew(shop, first["refresh"]), 401)
    problem_of(await renew(shop, second["refresh"]), 401)
    assert (await pair_of(shop, buyer.email))["refresh"]


@pytest.mark.row("Tokens")
async def test_of_parallel_uses_of_a_refresh_token_at_most_one_succeeds(shop, buyer):
    refresh = (await pair_of(shop, buyer.email))["refresh"]
    answers = await asyncio.gather(*(renew(shop, refresh) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 401}
    won = [answer.json()["refresh"] for answer in answers if answer.status_code == 200]
    assert len(won) <= 1
    for refresh in won:
        problem_of(await renew(shop, refresh), 401)


@pytest.mark.row("Tokens")
async def test_another_session_of_the_account_lives_on(shop, buyer):
    elsewhere = await pair_of(shop, buyer.email)
    here = await pair_of(shop, buyer.email)
    await shop.request("POST", "/api/token/revoke/", json={"refresh": here["refresh"]})
    problem_of(await renew(shop, here["refresh"]), 401)
    assert (await renew(shop, elsewhere["refresh"])).status_code == 200


async def change_password(buyer, _admin, _path):
    body = {"current_password": PASSWORD, "new_password": ANOTHER, "confirm_password": ANOTHER}
    return await buyer.call("POST", "/api/password/change/", json=body)


async def deactivate(_buyer, admin, path):
    return await admin.call("PATCH", path, json={"is_active": False})


async def promote(_buyer, admin, path):
    return await admin.call("PATCH", path, json={"role": "staff"})


async def erase(_buyer, admin, path):
    return await admin.call("DELETE", path)


@pytest.mark.row("Tokens")
@pytest.mark.parametrize("end", [change_password, deactivate, promote, erase])
async def test_what_ends_sessions_ends_refresh_at_once_and_access_within_60_seconds(shop, buyer, admin, end):
    pair = await pair_of(shop, buyer.email)
    path = f"/api/admin/customers/{(await buyer.get(ME))['id']}/"
    answer = await end(buyer, admin, path)
    assert answer.is_success, answer.text

    problem_of(await renew(shop, pair["refresh"]), 401)

    async def refused():
        return (await buyer.call("GET", "/api/orders/")).status_code == 401

    await eventually(refused, within=60, every=0.2)


# --- the staff's session


@pytest.fixture
async def browser(shop):
    """A client that keeps cookies, as a browser does."""
    async with httpx.AsyncClient(base_url=shop.url("SHOPSITE_URL"), timeout=30) as client:
        yield client


async def open_session(browser, email, password=PASSWORD):
    return await browser.post(SESSION, json={"email": email, "password": password})


@pytest.mark.row("POST /api/admin/session/")
async def test_a_session_is_a_cookie_that_no_script_and_no_other_site_can_use(browser, staff):
    answer = await open_session(browser, staff.email.upper())
    assert answer.status_code == 200
    assert set(answer.json()) == {"user", "csrf_token"}
    assert answer.json()["user"] == await staff.get(ME)
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict"} <= attributes
    assert "secure" not in attributes  # this shop speaks http; on https it is there


@pytest.mark.row("POST /api/admin/session/")
async def test_a_session_is_for_staff_with_the_right_password(browser, buyer, staff):
    problem_of(await open_session(browser, buyer.email), 403)
    problem_of(await open_session(browser, staff.email, "not-the-password"), 401)
    problem_of(await open_session(browser, f"{secrets.token_hex(6)}@example.com"), 401)
    problem_of(await browser.post(SESSION, json={"email": staff.email}), 400)
    assert not browser.cookies


@pytest.mark.row("GET /api/admin/session/")
async def test_the_session_says_again_who_is_signed_in(browser, staff):
    opened = (await open_session(browser, staff.email)).json()
    answer = await browser.get(SESSION)
    assert (answer.status_code, answer.json()) == (200, opened)
    browser.cookies.clear()
    problem_of(await browser.get(SESSION), 401)


@pytest.mark.row("POST /api/admin/session/")
async def test_the_cookie_counts_as_the_token_does_and_unsafe_methods_need_the_csrf_token(browser, new_colleague):
    admin = await new_colleague("admin")
    csrf = (await open_session(browser, admin.email)).json()["csrf_token"]
    for path in ("/api/orders/", "/api/admin/customers/", "/api/cart/me/", "/api/products/"):
        assert (await browser.get(path)).status_code == 200, path

    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": csrf[:-1]}):
        problem_of(await browser.post("/api/products/", json=PRODUCT, headers=headers), 403)
        problem_of(await browser.delete(SESSION, headers=headers), 403)
    made = await browser.post("/api/products/", json=PRODUCT, headers={"X-CSRF-Token": csrf})
    assert made.status_code == 201
    gone = await browser.delete(f"/api/products/{made.json()['id']}/", headers={"X-CSRF-Token": csrf})
    assert gone.status_code == 204


@pytest.mark.row("POST /api/admin/session/")
async def test_the_csrf_token_of_another_session_does_not_count(shop, browser, staff):
    await open_session(browser, staff.email)
    async with httpx.AsyncClient(base_url=shop.url("SHOPSITE_URL"), timeout=30) as other:
        csrf = (await open_session(other, staff.email)).json()["csrf_token"]
    problem_of(await browser.post("/api/products/", json=PRODUCT, headers={"X-CSRF-Token": csrf}), 403)


@pytest.mark.row("DELETE /api/admin/session/")
async def test_signing_out_ends_the_session_and_not_the_cookie_alone(browser, staff):
    csrf = (await open_session(browser, staff.email)).json()["csrf_token"]
    kept = dict(browser.cookies)
    answer = await browser.delete(SESSION, headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 204
    assert not browser.cookies
    browser.cookies.update(kept)

    async def refused():
        return (await browser.get("/api/orders/")).status_code == 401

    await eventually(refused, within=60, every=0.2)
    problem_of(await browser.get(SESSION), 401)


@pytest.mark.row("Tokens", "POST /api/admin/session/")
async def test_a_demoted_colleague_loses_the_session(browser, admin, staff):
    await open_session(browser, staff.email)
    path = f"/api/admin/customers/{(await staff.get(ME))['id']}/"
    assert (await admin.call("PATCH", path, json={"role": "customer"})).status_code == 200

    async def refused():
        return (await browser.get("/api/orders/")).status_code == 401

    await eventually(refused, within=60, every=0.2)
