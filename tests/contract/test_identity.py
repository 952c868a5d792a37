"""The table "identity" of the API, row by row: accounts, passwords, profiles, customers, the audit log."""

import asyncio
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest

from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e

PASSWORD = "securepassword123"
ANOTHER = "another-Secret-77"
NAMES = {"first_name": "Ada", "last_name": "Obi"}
PROFILE = {
    "id", "email", "first_name", "last_name", "phone_number", "date_of_birth", "role", "preferences", "created_at",
    "updated_at",
}  # fmt: skip
ME = "/api/customer_profile/me/"
CUSTOMERS = "/api/admin/customers/"
NOBODY = "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90"


def fresh_email():
    return f"ada-{secrets.token_hex(6)}@example.com"


def sign_up_body(**changes):
    """The seed's registration request, for an address of its own."""
    return {
        "email": fresh_email(),
        "first_name": "John",
        "last_name": "Doe",
        "phone_number": "+1234567890",
        "date_of_birth": "1990-01-01",
        "password": PASSWORD,
        "confirm_password": PASSWORD,
    } | changes


@pytest.fixture
def sign_up(shop):
    async def post(**changes):
        return await shop.request("POST", "/api/signup/", json=sign_up_body(**changes))

    return post


@pytest.fixture
def tokens_of(shop):
    async def post(email, password=PASSWORD):
        return await shop.request("POST", "/api/token/", json={"email": email, "password": password})

    return post


# --- signing up


@pytest.mark.row("POST /api/signup/")
async def test_the_seeds_registration_makes_a_customer_and_sends_a_welcome(shop, sign_up):
    body = sign_up_body(email=f"Ada-{secrets.token_hex(6)}@Example.com")
    answer = await sign_up(**body)

    assert answer.status_code == 201
    profile = answer.json()
    assert set(profile) == PROFILE
    assert profile["email"].lower() == body["email"].lower()
    assert [profile[name] for name in ("first_name", "phone_number", "date_of_birth", "role")] == [
        "John",
        "+1234567890",
        "1990-01-01",
        "customer",
    ]
    assert profile["preferences"] == {"order_emails": True, "marketing_emails": False}

    async def welcomed():
        return any("Welcome" in subject for subject in await shop.mails(profile["email"]))

    await eventually(welcomed, within=30)


@pytest.mark.row("POST /api/signup/")
async def test_phone_and_birthday_are_optional(shop):
    body = {"email": fresh_email(), **NAMES, "password": PASSWORD, "confirm_password": PASSWORD}
    answer = await shop.request("POST", "/api/signup/", json=body)
    assert answer.status_code == 201
    assert (answer.json()["phone_number"], answer.json()["date_of_birth"]) == (None, None)


@pytest.mark.row("POST /api/signup/")
async def test_an_address_is_taken_in_whatever_case(buyer, sign_up):
    details = problem_of(await sign_up(email=buyer.email.upper()), 400)["details"]
    assert list(details) == ["email"]
    assert isinstance(details["email"][0], str)


@pytest.mark.row("POST /api/signup/")
@pytest.mark.parametrize("password", ["short77", "8412097536", "password123", "Katharina1", "katharina.fogg"])
async def test_a_weak_password_is_refused(sign_up, password):
    person = {"email": f"katharina.fogg+{secrets.token_hex(4)}@example.com", "first_name": "Katharina"}
    answer = await sign_up(**person, password=password, confirm_password=password)
    assert list(problem_of(answer, 400)["details"]) == ["password"]


@pytest.mark.row("POST /api/signup/")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not-an-address"),
        ("phone_number", "08012345678"),
        ("date_of_birth", "01.02.1990"),
        ("date_of_birth", "2990-01-01"),
        ("first_name", ""),
        ("last_name", None),
        ("confirm_password", "another-Secret-77"),
        ("role", "admin"),
        ("is_active", True),
    ],
)
async def test_a_wrong_field_is_refused_by_its_name(sign_up, field, value):
    assert list(problem_of(await sign_up(**{field: value}), 400)["details"]) == [field]


# --- tokens


@pytest.mark.row("POST /api/token/")
async def test_signing_in_does_not_look_at_the_case_of_the_address(buyer, tokens_of):
    answer = await tokens_of(buyer.email.upper())
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}


@pytest.mark.row("POST /api/token/")
async def test_a_wrong_pair_and_an_inactive_account_get_the_same_answer(admin, new_account, tokens_of):
    buyer = await new_account()
    customer = (await buyer.get(ME))["id"]
    wrong = problem_of(await tokens_of(buyer.email, "not-the-password"), 401)
    unknown = problem_of(await tokens_of(fresh_email()), 401)
    assert (await admin.call("PATCH", f"{CUSTOMERS}{customer}/", json={"is_active": False})).status_code == 200
    inactive = problem_of(await tokens_of(buyer.email), 401)
    assert wrong == unknown == inactive


@pytest.mark.row("POST /api/token/refresh/")
async def test_a_refresh_token_gets_the_next_pair(shop, buyer, tokens_of):
    first = (await tokens_of(buyer.email)).json()
    answer = await shop.request("POST", "/api/token/refresh/", json={"refresh": first["refresh"]})
    assert answer.status_code == 200
    second = answer.json()
    assert set(second) == {"access", "refresh"}
    assert second["refresh"] != first["refresh"]
    me = await shop.request("GET", ME, headers={"Authorization": f"Bearer {second['access']}"})
    assert me.json()["email"] == buyer.email


@pytest.mark.row("POST /api/token/refresh/")
@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": 5}, {"refresh": "a", "access": "b"}])
async def test_a_refresh_that_cannot_be_read_is_400(shop, body):
    problem_of(await shop.request("POST", "/api/token/refresh/", json=body), 400)


@pytest.mark.row("POST /api/token/revoke/")
async def test_signing_out_ends_the_refresh_token(shop, buyer, tokens_of):
    pair = (await tokens_of(buyer.email)).json()
    answer = await shop.request("POST", "/api/token/revoke/", json={"refresh": pair["refresh"]})
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await shop.request("POST", "/api/token/refresh/", json={"refresh": pair["refresh"]}), 401)


# --- passwords


@pytest.mark.row("POST /api/password/change/")
async def test_changing_the_password_needs_the_current_one(buyer, tokens_of):
    body = {"current_password": "not-the-password", "new_password": ANOTHER, "confirm_password": ANOTHER}
    wrong = problem_of(await buyer.call("POST", "/api/password/change/", json=body), 400)
    assert list(wrong["details"]) == ["current_password"]
    differs = body | {"current_password": PASSWORD, "confirm_password": "third-Secret-77"}
    refused = problem_of(await buyer.call("POST", "/api/password/change/", json=differs), 400)
    assert list(refused["details"]) == ["confirm_password"]

    changed = await buyer.call("POST", "/api/password/change/", json=body | {"current_password": PASSWORD})
    assert changed.status_code == 204
    problem_of(await tokens_of(buyer.email), 401)
    assert (await tokens_of(buyer.email, ANOTHER)).status_code == 200


async def reset_token(shop, email):
    """Ask for a link and return the token at its end."""
    answer = await shop.request("POST", "/api/password/forgot/", json={"email": email})
    assert answer.status_code == 202

    async def mailed():
        return any("password" in subject.lower() for subject in await shop.mails(email))

    await eventually(mailed, within=30)
    [link] = re.findall(r"https?://\S+\?token=\S+", await shop.latest_mail(email))
    assert urlsplit(link).path == "/reset-password"
    return parse_qs(urlsplit(link).query)["token"][0]


@pytest.mark.row("POST /api/password/forgot/")
async def test_asking_for_a_link_tells_nobody_whether_the_address_is_known(shop, buyer):
    known = await shop.request("POST", "/api/password/forgot/", json={"email": buyer.email.upper()})
    unknown = await shop.request("POST", "/api/password/forgot/", json={"email": fresh_email()})
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known.status_code == 202


@pytest.mark.row("POST /api/password/reset/", "POST /api/password/forgot/")
async def test_a_link_sets_a_new_password_once_and_a_refused_one_does_not_spend_it(shop, buyer, tokens_of):
    token = await reset_token(shop, buyer.email)
    body = {"token": token, "new_password": ANOTHER, "confirm_password": ANOTHER}

    async def reset(**changes):
        return await shop.request("POST", "/api/password/reset/", json=body | changes)

    weak = problem_of(await reset(new_password="password123", confirm_password="password123"), 400)
    assert list(weak["details"]) == ["new_password"]
    problem_of(await reset(confirm_password="third-Secret-77"), 400)
    assert (await reset()).status_code == 204
    assert list(problem_of(await reset(), 400)["details"]) == ["token"]
    problem_of(await reset(token="never-was-one"), 400)
    problem_of(await tokens_of(buyer.email), 401)
    assert (await tokens_of(buyer.email, ANOTHER)).status_code == 200


# --- one's own profile


@pytest.mark.row("GET /api/customer_profile/me/")
async def test_a_customer_sees_their_profile(buyer):
    profile = await buyer.get(ME)
    assert set(profile) == PROFILE
    assert (profile["email"], profile["role"]) == (buyer.email, "customer")


@pytest.mark.row("PATCH /api/customer_profile/me/")
async def test_any_part_of_a_profile_can_be_changed_and_is_seen_at_once(buyer):
    before = await buyer.get(ME)
    wanted = {"phone_number": "+2348012345678", "preferences": {"order_emails": False}}
    changed = await buyer.call("PATCH", ME, json=wanted)
    assert changed.status_code == 200
    after = await buyer.get(ME)
    assert after == changed.json()
    assert after["preferences"] == before["preferences"] | {"order_emails": False}
    kept = PROFILE - {"phone_number", "preferences", "updated_at"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["updated_at"] > before["updated_at"]
    assert (await buyer.call("PATCH", ME, json={})).status_code == 200


@pytest.mark.row("PUT /api/customer_profile/me/")
async def test_a_whole_profile_needs_both_names(buyer):
    answer = await buyer.call("PUT", ME, json={"first_name": "Grace", "last_name": "Hopper"})
    assert answer.status_code == 200
    assert (await buyer.get(ME))["first_name"] == "Grace"
    assert set(problem_of(await buyer.call("PUT", ME, json={}), 400)["details"]) == {"first_name", "last_name"}


@pytest.mark.row("PUT /api/customer_profile/me/", "PATCH /api/customer_profile/me/")
async def test_what_is_read_only_in_a_profile_is_refused(buyer):
    profile = await buyer.get(ME)
    others = {"email": fresh_email(), "role": "admin", "id": NOBODY, "created_at": "2026-01-01T00:00:00Z"}
    for field, value in (others | {"is_active": True, "nickname": "A"}).items():
        for method in ("PUT", "PATCH"):
            details = problem_of(await buyer.call(method, ME, json=NAMES | {field: value}), 400)["details"]
            assert list(details) == [field], method
    assert await buyer.get(ME) == profile


# --- customers, for admins


@pytest.mark.row("POST /api/admin/customers/")
async def test_an_admin_makes_accounts_of_any_role_and_they_are_welcomed(shop, admin, tokens_of):
    body = {"email": fresh_email(), **NAMES, "password": PASSWORD, "role": "staff", "is_active": False}
    answer = await admin.call("POST", CUSTOMERS, json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == PROFILE | {"is_active", "last_login"}
    assert (made["role"], made["is_active"], made["last_login"]) == ("staff", False, None)
    problem_of(await tokens_of(body["email"]), 401)
    taken = problem_of(await admin.call("POST", CUSTOMERS, json=body), 400)
    assert list(taken["details"]) == ["email"]

    async def welcomed():
        return any("Welcome" in subject for subject in await shop.mails(body["email"]))

    await eventually(welcomed, within=30)


@pytest.mark.row("POST /api/admin/customers/")
async def test_a_wrong_field_of_a_new_customer_is_refused(admin):
    body = {"email": fresh_email(), **NAMES, "password": PASSWORD}
    for field, value in (("role", "owner"), ("password", "password123"), ("last_login", None), ("id", NOBODY)):
        details = problem_of(await admin.call("POST", CUSTOMERS, json=body | {field: value}), 400)["details"]
        assert list(details) == [field]


@pytest.fixture
async def family(admin):
    """Three accounts that no other test's search finds: their common name, and their addresses in order."""
    name = f"Fam{secrets.token_hex(5)}"
    emails = [f"{letter}-{name.lower()}@example.com" for letter in "abc"]
    for email, role, first, active in zip(
        emails, ("customer", "staff", "customer"), ("Zoe", "Yves", "Xan"), (True, True, False), strict=True
    ):
        body = {"email": email, "first_name": first, "last_name": name, "password": PASSWORD}
        answer = await admin.call("POST", CUSTOMERS, json=body | {"role": role, "is_active": active})
        assert answer.status_code == 201, answer.text
    return name, emails


@pytest.mark.row("GET /api/admin/customers/")
async def test_customers_are_searched_filtered_and_ordered(admin, family):
    name, (a, b, c) = family
    expected = {
        "": [c, b, a],
        "&role=staff": [b],
        "&role=customer": [c, a],
        "&is_active=true": [b, a],
        "&is_active=false": [c],
        "&is_active=true&role=customer": [a],
        "&ordering=email": [a, b, c],
        "&ordering=-email": [c, b, a],
        "&ordering=first_name": [c, b, a],
        "&ordering=created_at": [a, b, c],
        "&page_size=2&page=2": [a],
        "&nonsense=1": [c, b, a],
    }
    for query, emails in expected.items():
        found = await admin.get(f"{CUSTOMERS}?search={name}{query}")
        assert [row["email"] for row in found["results"]] == emails, query
    [row] = (await admin.get(f"{CUSTOMERS}?search={a.upper()}"))["results"]
    assert set(row) == PROFILE | {"is_active", "last_login"}
    assert [one["email"] for one in (await admin.get(f"{CUSTOMERS}?search=zoe%20{name}"))["results"]] == [a]


@pytest.mark.row("GET /api/admin/customers/")
async def test_a_filter_of_customers_that_cannot_be_read_is_400(admin):
    for query in ("role=owner", "is_active=perhaps", "ordering=password"):
        details = problem_of(await admin.call("GET", f"{CUSTOMERS}?{query}"), 400)["details"]
        assert list(details) == [query.split("=")[0]]


@pytest.mark.row("GET /api/admin/customers/{id}/", "PATCH /api/admin/customers/{id}/", "PUT /api/admin/customers/{id}/")
async def test_an_admin_reads_and_changes_an_account(admin, buyer):
    path = f"{CUSTOMERS}{(await buyer.get(ME))['id']}/"
    shown = await admin.get(path)
    assert (shown["email"], shown["is_active"]) == (buyer.email, True)
    assert shown["last_login"] is not None
    patched = await admin.call("PATCH", path, json={"first_name": "Grace"})
    assert (patched.status_code, patched.json()["first_name"]) == (200, "Grace")
    assert (await buyer.get(ME))["first_name"] == "Grace"
    moved = fresh_email()
    replaced = await admin.call("PUT", path, json={"email": moved, **NAMES, "is_active": True})
    assert (replaced.status_code, replaced.json()["email"]) == (200, moved)
    assert set(problem_of(await admin.call("PUT", path, json={}), 400)["details"]) == {"email", *NAMES}
    for body in ({"id": NOBODY}, {"last_login": None}, {"password": ANOTHER}, {"role": "owner"}):
        assert list(problem_of(await admin.call("PATCH", path, json=body), 400)["details"]) == list(body)
    problem_of(await admin.call("PATCH", path, json={"email": admin.email.upper()}), 400)


@pytest.mark.row("GET /api/admin/customers/{id}/", "DELETE /api/admin/customers/{id}/")
async def test_an_unknown_customer_is_404(admin):
    for method in ("GET", "DELETE"):
        problem_of(await admin.call(method, f"{CUSTOMERS}{NOBODY}/"), 404)


@pytest.mark.row(
    "DELETE /api/admin/customers/{id}/", "PATCH /api/admin/customers/{id}/", "PUT /api/admin/customers/{id}/"
)
async def test_an_admin_cannot_delete_demote_or_deactivate_themself(admin):
    me = await admin.get(ME)
    path = f"{CUSTOMERS}{me['id']}/"
    whole = {name: me[name] for name in ("email", "first_name", "last_name")}
    for change in ({"role": "staff"}, {"is_active": False}):
        problem_of(await admin.call("PATCH", path, json=change), 409)
        problem_of(await admin.call("PUT", path, json=whole | change), 409)
    problem_of(await admin.call("DELETE", path), 409)
    assert (await admin.get(path))["role"] == "admin"


@pytest.mark.row("DELETE /api/admin/customers/{id}/", "POST /api/signup/")
async def test_an_erased_customer_is_nowhere_and_the_address_is_free(shop, admin, buyer, new_product, sign_up):
    order = await buyer.buy((await new_product())["id"])
    assert (await admin.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    path = f"{CUSTOMERS}{(await buyer.get(ME))['id']}/"

    async def three_mails_are_logged():  # welcome, order, cancellation
        return await mails_in_the_log(admin, buyer.email) == 3

    await eventually(three_mails_are_logged, within=30)

    answer = await admin.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        problem_of(await admin.call(method, path, json=body), 404)
    assert (await admin.get(f"{CUSTOMERS}?search={buyer.email}"))["count"] == 0

    async def addresses_are_gone():
        kept = await admin.get(f"/api/orders/{order['id']}/")
        assert kept["total"] == order["total"]
        return "Lagos" not in kept["shipping_address"] + kept["billing_address"]

    await eventually(addresses_are_gone, within=30)

    async def is_out_of_the_mail_log():
        return await mails_in_the_log(admin, buyer.email) == 0

    await eventually(is_out_of_the_mail_log, within=30)
    assert (await sign_up(email=buyer.email)).status_code == 201


async def mails_in_the_log(admin, email):
    return (await admin.get(f"/api/admin/notifications/?to={email}"))["count"]


# --- the audit log


@pytest.mark.row("GET /api/admin/audit/")
async def test_the_audit_log_tells_who_did_what_when_and_to_which_object(admin, staff, buyer):
    author = (await staff.get(ME))["id"]
    made = await staff.call("POST", "/api/products/", json={"name": "Audited lamp", "price": "10.00"})
    product = made.json()["id"]
    customer = (await buyer.get(ME))["id"]
    assert (await admin.call("PATCH", f"{CUSTOMERS}{customer}/", json={"first_name": "Grace"})).status_code == 200

    async def entries(query):
        return (await admin.get(f"/api/admin/audit/?{query}"))["results"]

    [by_object] = await eventually(lambda: entries(f"object={product}"), within=30)
    assert by_object["actor"] == author
    assert (by_object["object"], by_object["service"]) == (product, "catalog")
    assert [entry["id"] for entry in await entries(f"actor={author}")] == [by_object["id"]]
    assert by_object["id"] in {entry["id"] for entry in await entries(f"action={by_object['action']}")}
    [changed] = await eventually(lambda: entries(f"object={customer}"), within=30)
    assert "Grace" not in str(changed)

    at = by_object["at"]
    assert [entry["id"] for entry in await entries(f"actor={author}&at__gte={at}&at__lte={at}")] == [by_object["id"]]
    assert await entries(f"actor={author}&at__gte=2999-01-01T00:00:00Z") == []
    assert await entries(f"actor={author}&at__lte=2001-01-01T00:00:00Z") == []


@pytest.mark.row("GET /api/admin/audit/")
async def test_a_filter_of_the_audit_log_that_cannot_be_read_is_400(admin):
    queries = ("actor=me", "at__gte=yesterday", "at__lte=5th")
    answers = await asyncio.gather(*(admin.call("GET", f"/api/admin/audit/?{query}") for query in queries))
    for query, answer in zip(queries, answers, strict=True):
        assert list(problem_of(answer, 400)["details"]) == [query.split("=")[0]]
