"""Changing a password, and setting a new one by mail."""

import asyncio
from datetime import timedelta

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.events import PasswordResetRequested
from shopsite_common.ids import uuid7
from shopsite_identity.errors import ResetNotFound
from shopsite_identity.service import passwords

pytestmark = pytest.mark.integration

PASSWORD, NEW = "securepassword123", "another-secure-one"
CHANGE = {"current_password": PASSWORD, "new_password": NEW, "confirm_password": NEW}


@pytest.fixture
def ask_for_link(client, events, service_keys):
    """Ask for a new password and return the answer that notifications gets."""

    async def ask(email):
        answer = await client.post("/api/password/forgot/", json={"email": email})
        assert answer.status_code == 202
        event = events(PasswordResetRequested)[-1]
        headers = service_keys.headers("notifications", "identity")
        return await client.post(f"/internal/password-resets/{event.reset_id}/link/", headers=headers)

    return ask


@pytest.fixture
def reset(client):
    """Set a new password with a link's token."""

    async def post(token, new=NEW):
        body = {"token": token, "new_password": new, "confirm_password": new}
        return await client.post("/api/password/reset/", json=body)

    return post


def token_of(link):
    return link.json()["link_path"].removeprefix("/reset-password?token=")


async def test_a_changed_password_signs_in_and_the_old_one_does_not(client, make_account, headers_of, sign_in):
    account = make_account()
    answer = await client.post("/api/password/change/", json=CHANGE, headers=await headers_of(account))
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await sign_in(account.email)).status_code == 401
    assert (await sign_in(account.email, NEW)).status_code == 200


async def test_a_change_ends_every_session(client, make_account, headers_of, sign_in, revocations):
    account = make_account()
    refresh = (await sign_in(account.email)).json()["refresh"]
    await client.post("/api/password/change/", json=CHANGE, headers=await headers_of(account))
    assert (await client.post("/api/token/refresh/", json={"refresh": refresh})).status_code == 401
    assert await revocations() == {str(account.id): 2}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"current_password": "wrong password"}, "current_password"),
        ({"confirm_password": "something else"}, "confirm_password"),
        ({"new_password": "password123", "confirm_password": "password123"}, "new_password"),
        ({"new_password": "123", "confirm_password": "123"}, "new_password"),
        ({"new_password": "person1example", "confirm_password": "person1example"}, "new_password"),
    ],
)
async def test_a_refused_change_names_the_field(client, make_account, headers_of, sign_in, changes, field):
    account = make_account("person1@example.com")
    headers = await headers_of(account)
    answer = await client.post("/api/password/change/", json=CHANGE | changes, headers=headers)
    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [field]
    assert (await sign_in(account.email)).status_code == 200


async def test_guessing_the_current_password_is_throttled(client, make_account, headers_of):
    headers = await headers_of(make_account())
    wrong = CHANGE | {"current_password": "wrong password"}
    answers = [
        await client.post("/api/password/change/", json=wrong, headers=headers | {"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(11)
    ]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]


async def test_of_two_changes_at_once_one_counts(client, make_account, headers_of):
    headers = await headers_of(make_account())
    bodies = [CHANGE | {"new_password": new, "confirm_password": new} for new in ("one-good-word", "two-good-words")]
    answers = await asyncio.gather(
        *(client.post("/api/password/change/", json=body, headers=headers) for body in bodies)
    )
    assert min(answer.status_code for answer in answers) == 204
    assert max(answer.status_code for answer in answers) in {400, 401}


async def test_a_link_sets_a_new_password_once(make_account, ask_for_link, reset, sign_in, revocations):
    account = make_account("ada@example.com")
    link = await ask_for_link("ADA@example.com")
    assert link.status_code == 200
    assert (link.json()["email"], link.json()["first_name"]) == ("ada@example.com", "Ada")
    assert (await reset(token_of(link))).status_code == 204
    assert (await sign_in(account.email, NEW)).status_code == 200
    assert await revocations() == {str(account.id): 2}
    again = await reset(token_of(link), "a-third-password")
    assert (again.status_code, list(again.json()["details"])) == (400, ["token"])


async def test_of_many_who_use_a_link_at_once_one_does(make_account, ask_for_link, reset):
    make_account("ada@example.com")
    token = token_of(await ask_for_link("ada@example.com"))
    answers = await asyncio.gather(*(reset(token, f"new-secret-word-{n}") for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400, 400]


async def test_the_link_is_the_same_when_the_mail_is_sent_again(
    make_account, client, events, ask_for_link, service_keys
):
    make_account("ada@example.com")
    first = await ask_for_link("ada@example.com")
    path = f"/internal/password-resets/{events(PasswordResetRequested)[-1].reset_id}/link/"
    second = await client.post(path, headers=service_keys.headers("notifications", "identity"))
    assert second.json() == first.json()


async def test_a_refused_password_does_not_use_the_link_up(make_account, ask_for_link, reset):
    make_account("ada@example.com")
    token = token_of(await ask_for_link("ada@example.com"))
    for weak in ("short", "password123", "ada@example"):
        assert (await reset(token, weak)).status_code == 400
    assert (await reset(token)).status_code == 204


async def test_a_used_link_ends_all_other_links(make_account, ask_for_link, reset):
    make_account("ada@example.com")
    first, second = [token_of(await ask_for_link("ada@example.com")) for _ in range(2)]
    assert (await reset(second)).status_code == 204
    assert (await reset(first, "a-third-password")).status_code == 400


async def test_a_link_lives_for_an_hour(make_account, events, ask_for_link, db, own):
    make_account("ada@example.com")
    await ask_for_link("ada@example.com")
    event = events(PasswordResetRequested)[-1]
    assert timedelta(minutes=59) < event.expires_at - utcnow() <= timedelta(hours=1)
    with pytest.raises(ResetNotFound):
        db.run_here(
            passwords.make_reset_link,
            reset_id=event.reset_id,
            keyring=own.keyring,
            now=utcnow() + timedelta(minutes=61),
        )


async def test_the_answer_is_the_same_for_unknown_and_inactive_addresses(client, make_account, events):
    make_account("ada@example.com")
    make_account("gone@example.com", is_active=False)
    answers = [
        await client.post("/api/password/forgot/", json={"email": email})
        for email in ("ada@example.com", "gone@example.com", "nobody@example.com", "no address")
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(events(PasswordResetRequested)) == 1


async def test_five_links_an_hour_and_then_silence(client, make_account, events):
    make_account("ada@example.com")
    answers = [await client.post("/api/password/forgot/", json={"email": "ada@example.com"}) for _ in range(7)]
    assert {answer.status_code for answer in answers} == {202}
    assert len(events(PasswordResetRequested)) == 5


async def test_a_link_is_for_notifications_only(client, service_keys):
    path = f"/internal/password-resets/{uuid7()}/link/"
    assert (await client.post(path)).status_code == 401
    assert (await client.post(path, headers=service_keys.headers("orders", "identity"))).status_code == 403
    unknown = await client.post(path, headers=service_keys.headers("notifications", "identity"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "reset_not_found")


async def test_an_unknown_token_is_refused(reset):
    assert (await reset("nonsense")).status_code == 400
