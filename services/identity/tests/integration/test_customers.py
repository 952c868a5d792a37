"""Customers' administration: lists, changes, erasure, and the admin who must stay."""

import asyncio

import pytest
from sqlalchemy import select, text

from shopsite_common.events import AdminActed, CustomerDeleted, CustomerRegistered, CustomerUpdated
from shopsite_common.ids import uuid7
from shopsite_identity.repository import accounts

pytestmark = pytest.mark.integration

PATH = "/api/admin/customers/"
NEW = {"email": "new@example.com", "first_name": "New", "last_name": "Person", "password": "securepassword123"}


@pytest.fixture
def listed(client, admin):
    """Return the addresses on a page of the list."""

    async def get(query=""):
        answer = await client.get(f"{PATH}?{query}", headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return [customer["email"] for customer in answer.json()["results"]]

    return get


async def test_the_list_shows_the_newest_first_with_what_admins_may_see(client, make_account, admin):
    make_account("ada@example.com")
    answer = await client.get(PATH, headers=admin.headers)
    body = answer.json()
    assert (body["count"], body["next"], body["previous"]) == (2, None, None)
    assert [customer["email"] for customer in body["results"]] == ["ada@example.com", "root@example.com"]
    assert {"is_active", "last_login", "preferences", "role"} <= set(body["results"][0])
    assert not {"password_hash", "session_epoch", "version"} & set(body["results"][0])


async def test_the_list_is_filtered(listed, make_account):
    make_account("ada@example.com", first_name="Ada", last_name="Lovelace")
    make_account("grace@example.com", first_name="Grace", last_name="Hopper", role="staff")
    make_account("off@example.com", first_name="Alan", last_name="Turing", is_active=False)
    assert await listed("search=LOVE") == ["ada@example.com"]
    assert await listed("search=hopper+grace") == ["grace@example.com"]
    assert await listed("search=%25") == []
    assert await listed("search=off@exam") == ["off@example.com"]
    assert await listed("role=staff") == ["grace@example.com"]
    assert await listed("is_active=false") == ["off@example.com"]
    assert await listed("role=customer&is_active=true&unknown=1") == ["ada@example.com"]


async def test_the_list_is_ordered_and_paged(client, listed, make_account, admin):
    for name in ("c", "a", "b"):
        make_account(f"{name}@example.com")
    assert await listed("ordering=email") == ["a@example.com", "b@example.com", "c@example.com", "root@example.com"]
    assert await listed("ordering=-email&page_size=2&page=2") == ["b@example.com", "a@example.com"]
    assert await listed("ordering=created_at&page_size=1") == ["root@example.com"]
    answer = await client.get(f"{PATH}?page_size=2", headers=admin.headers)
    assert answer.json()["next"] == f"http://shop.example.com{PATH}?page_size=2&page=2"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("ordering=password_hash", 400),
        ("role=owner", 400),
        ("is_active=perhaps", 400),
        ("page_size=0", 400),
        ("page_size=101", 400),
        ("page=0", 404),
        ("page=2", 404),
        ("page=x", 404),
    ],
)
async def test_what_cannot_be_read_is_refused(client, admin, query, status):
    assert (await client.get(f"{PATH}?{query}", headers=admin.headers)).status_code == status


@pytest.mark.parametrize("role", ["customer", "staff"])
async def test_only_admins_may(client, make_account, headers_of, role):
    account = make_account(role=role)
    headers = await headers_of(account)
    for method, path in (
        ("GET", PATH),
        ("POST", PATH),
        ("GET", f"{PATH}{account.id}/"),
        ("DELETE", f"{PATH}{account.id}/"),
    ):
        assert (await client.request(method, path, headers=headers, json=NEW)).status_code == 403
    assert (await client.get(PATH)).status_code == 401


async def test_an_admin_makes_an_account_that_is_welcomed(client, admin, events, sign_in):
    answer = await client.post(PATH, json=NEW | {"role": "staff"}, headers=admin.headers)
    assert answer.status_code == 201
    assert (answer.json()["role"], answer.json()["is_active"]) == ("staff", True)
    assert [event.email for event in events(CustomerRegistered)] == ["root@example.com", "new@example.com"]
    (deed,) = events(AdminActed)
    assert (deed.action, deed.object_id, deed.actor_id) == ("customer.create", answer.json()["id"], admin.id)
    assert "new@example.com" not in deed.model_dump_json()
    assert (await sign_in("new@example.com")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "ROOT@example.com"}, "email"),
        ({"role": "owner"}, "role"),
        ({"is_active": "yes"}, "is_active"),
        ({"password": "password123"}, "password"),
        ({"confirm_password": "something else"}, "confirm_password"),
        ({"id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11"}, "id"),
        ({"last_login": None}, "last_login"),
    ],
)
async def test_an_account_that_breaks_a_rule_is_not_made(client, admin, changes, field):
    answer = await client.post(PATH, json=NEW | changes, headers=admin.headers)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


async def test_an_account_is_read_changed_and_replaced(client, make_account, admin, events):
    account = make_account("ada@example.com")
    path = f"{PATH}{account.id}/"
    assert (await client.get(path, headers=admin.headers)).json()["email"] == "ada@example.com"
    changed = await client.patch(path, json={"email": "lovelace@example.com"}, headers=admin.headers)
    assert changed.json()["email"] == "lovelace@example.com"
    body = {"email": "ada@example.com", "first_name": "Ada", "last_name": "King"}
    assert (await client.put(path, json=body | {"role": "staff"}, headers=admin.headers)).json()["role"] == "staff"
    assert (await client.put(path, json={"email": "ada@example.com"}, headers=admin.headers)).status_code == 400
    assert (await client.patch(path, json={}, headers=admin.headers)).status_code == 200
    assert [event.role for event in events(CustomerUpdated)] == ["customer", "staff"]
    deeds = [deed.changes for deed in events(AdminActed)]
    assert deeds == [{"fields": ["email"]}, {"fields": ["email", "last_name", "role"], "role": "staff"}]


async def test_a_taken_address_cannot_be_given(client, make_account, admin, events):
    account = make_account("ada@example.com")
    answer = await client.patch(f"{PATH}{account.id}/", json={"email": "Root@example.com"}, headers=admin.headers)
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["email"])
    assert events(CustomerUpdated) == []


async def test_an_unknown_or_malformed_id_is_not_found(client, admin):
    for customer_id in (uuid7(), "nonsense"):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {"email": "a@example.com", "first_name": "A", "last_name": "B"}
            answer = await client.request(method, f"{PATH}{customer_id}/", json=body, headers=admin.headers)
            assert answer.status_code == 404


async def test_a_deactivated_customer_is_out_at_once(client, make_account, admin, sign_in, revocations):
    account = make_account("ada@example.com")
    refresh = (await sign_in("ada@example.com")).json()["refresh"]
    await client.patch(f"{PATH}{account.id}/", json={"is_active": False}, headers=admin.headers)
    assert (await client.post("/api/token/refresh/", json={"refresh": refresh})).status_code == 401
    assert (await sign_in("ada@example.com")).status_code == 401
    assert await revocations() == {str(account.id): 2}
    await client.patch(f"{PATH}{account.id}/", json={"is_active": True}, headers=admin.headers)
    assert (await sign_in("ada@example.com")).status_code == 200
    assert (await client.post("/api/token/refresh/", json={"refresh": refresh})).status_code == 401


async def test_another_name_ends_no_session(client, make_account, admin, sign_in, revocations):
    account = make_account("ada@example.com")
    refresh = (await sign_in("ada@example.com")).json()["refresh"]
    await client.patch(f"{PATH}{account.id}/", json={"first_name": "Augusta"}, headers=admin.headers)
    assert (await client.post("/api/token/refresh/", json={"refresh": refresh})).status_code == 200
    assert await revocations() == {}


async def test_what_an_admin_changes_is_at_once_in_the_owners_profile(client, make_account, admin, headers_of):
    account = make_account("ada@example.com")
    headers = await headers_of(account)
    await client.get("/api/customer_profile/me/", headers=headers)
    await client.patch(f"{PATH}{account.id}/", json={"first_name": "Augusta"}, headers=admin.headers)
    assert (await client.get("/api/customer_profile/me/", headers=headers)).json()["first_name"] == "Augusta"


@pytest.mark.parametrize("change", [{"role": "staff"}, {"role": "customer"}, {"is_active": False}])
async def test_admins_cannot_take_their_own_rights(client, make_account, admin, change):
    make_account(role="admin")
    answer = await client.patch(f"{PATH}{admin.id}/", json=change, headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    answer = await client.delete(f"{PATH}{admin.id}/", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    renamed = await client.patch(f"{PATH}{admin.id}/", json={"first_name": "Boss"}, headers=admin.headers)
    assert renamed.status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_two_admins_who_remove_each_other_at_once_leave_one(client, make_account, headers_of, db, method):
    one, two = make_account(role="admin"), make_account(role="admin")
    tokens = {one.id: await headers_of(one), two.id: await headers_of(two)}
    answers = await asyncio.gather(
        client.request(method, f"{PATH}{two.id}/", json={"role": "customer"}, headers=tokens[one.id]),
        client.request(method, f"{PATH}{one.id}/", json={"role": "customer"}, headers=tokens[two.id]),
    )
    assert sorted(answer.status_code // 100 for answer in answers) == [2, 4]
    refused = next(answer for answer in answers if answer.status_code >= 400)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    with db.session() as session:
        count = "SELECT count(*) FROM accounts WHERE role = 'admin' AND is_active"
        assert session.connection().execute(text(count)).scalar_one() == 1


async def test_an_erased_customer_leaves_nothing_personal(client, make_account, admin, sign_in, events, db, headers_of):
    account = make_account("ada@example.com", first_name="Augusta", last_name="Lovelace")
    headers = await headers_of(account)
    refresh = (await sign_in("ada@example.com")).json()["refresh"]
    await client.get("/api/customer_profile/me/", headers=headers)
    answer = await client.delete(f"{PATH}{account.id}/", headers=admin.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [event.customer_id for event in events(CustomerDeleted)] == [account.id]
    assert (await client.get(f"{PATH}{account.id}/", headers=admin.headers)).status_code == 404
    assert (await client.delete(f"{PATH}{account.id}/", headers=admin.headers)).status_code == 404
    assert (await client.get("/api/customer_profile/me/", headers=headers)).status_code == 401
    assert (await client.patch("/api/customer_profile/me/", json={}, headers=headers)).status_code == 401
    assert (await client.post("/api/token/refresh/", json={"refresh": refresh})).status_code == 401
    assert (await sign_in("ada@example.com")).status_code == 401
    with db.session() as session:
        row = session.connection().execute(text("SELECT * FROM accounts WHERE id = :id"), {"id": account.id}).one()
        leftovers = "SELECT count(*) FROM token_families WHERE account_id = :id"
        assert session.connection().execute(text(leftovers), {"id": account.id}).scalar_one() == 0
    assert "Augusta" not in str(row)
    assert "ada@" not in str(row)
    assert row.password_hash is None


async def test_an_erased_address_may_sign_up_again(client, make_account, admin):
    account = make_account("ada@example.com")
    await client.delete(f"{PATH}{account.id}/", headers=admin.headers)
    body = NEW | {"email": "ada@example.com", "confirm_password": NEW["password"]}
    answer = await client.post("/api/signup/", json=body)
    assert answer.status_code == 201
    assert answer.json()["id"] != str(account.id)


async def test_what_was_already_sent_about_an_erased_customer_is_forgotten(client, make_account, admin, db, events):
    account = make_account("ada@example.com")

    def mark_all_sent(session):
        session.connection().execute(text("UPDATE outbox SET sent_at = now()"))

    db.run_here(mark_all_sent)
    await client.delete(f"{PATH}{account.id}/", headers=admin.headers)
    assert [event.email for event in events(CustomerRegistered)] == ["root@example.com"]


def test_a_search_uses_its_index(session):
    connection = session.connection()
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_indexscan = off"))
    where = accounts.conditions_of(search="lovelace", role=None, is_active=None)
    statement = select(accounts.accounts.c.id).where(*where)
    shown = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    plan = "\n".join(connection.execute(text(f"EXPLAIN {shown}".replace(":", r"\:"))).scalars())
    assert "ix_accounts_search" in plan
