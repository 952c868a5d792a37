"""The dead letters of a service over HTTP. Every service has these routes; this one stands for all."""

import pytest

from shopsite_common.dead_letters import service
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.events import AdminActed, CustomerRegistered, Preferences
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted, event_of

pytestmark = pytest.mark.integration

URL = "/api/admin/dead-letters/"
QUEUE = "orders.on_customer_registered"


@pytest.fixture
def as_admin(tokens):
    return tokens.headers(role="admin")


@pytest.fixture
def die(db):
    def put(queue=QUEUE):
        data = CustomerRegistered(
            customer_id=uuid7(),
            email="ada@example.com",
            first_name="Ada",
            last_name="Obi",
            role="customer",
            is_active=True,
            preferences=Preferences(),
        )
        letter = read_letter(queue, event_of(data).model_dump_json().encode(), {"shopsite-reason": "LookupError: Ada"})
        db.run_here(service.keep_letter, letter=letter)

    return put


async def test_a_letter_is_listed_and_shown_without_the_person(client, as_admin, die):
    die()
    [listed] = (await client.get(URL, headers=as_admin)).json()["results"]
    assert (listed["queue"], listed["event"], listed["status"]) == (QUEUE, "identity.CustomerRegistered.v1", "waiting")
    assert (listed["reason"], listed["payload"]["email"], listed["payload"]["first_name"]) == (
        "LookupError: ***",
        "***",
        "***",
    )
    assert (await client.get(f"{URL}{listed['id']}/", headers=as_admin)).json() == listed


async def test_letters_are_filtered_and_paged(client, as_admin, die):
    for queue in (QUEUE, QUEUE, "orders.on_other"):
        die(queue)
    page = (await client.get(URL, params={"queue": QUEUE, "page_size": 1}, headers=as_admin)).json()
    assert (page["count"], len(page["results"])) == (2, 1)
    assert page["next"].endswith("page=2")
    nothing = await client.get(URL, params={"event": "orders.OrderPaid.v1"}, headers=as_admin)
    assert nothing.json()["results"] == []
    for bad in ({"queue": "nobody"}, {"event": "what is this"}, {"page_size": "1000"}):
        assert (await client.get(URL, params=bad, headers=as_admin)).status_code == 400
    assert (await client.get(URL, params={"page": "9"}, headers=as_admin)).status_code == 404


async def test_a_replay_and_a_drop_are_recorded_as_the_admins(client, db, tokens, die):
    admin_id = uuid7()
    admin = tokens.headers(admin_id, role="admin")
    die()
    die()
    first, second = (await client.get(URL, headers=admin)).json()["results"]
    answer = await client.post(f"{URL}{first['id']}/replay/", headers=admin)
    assert (answer.status_code, answer.json()["status"]) == (202, "replaying")
    assert (await client.delete(f"{URL}{first['id']}/", headers=admin)).json()["code"] == "dead_letter_under_way"
    assert (await client.delete(f"{URL}{second['id']}/", headers=admin)).status_code == 204
    assert (await client.get(f"{URL}{second['id']}/", headers=admin)).status_code == 404
    with db.session() as session:
        deeds = [event for event in emitted(session, "orders") if isinstance(event, AdminActed)]
    assert [(deed.action, deed.object_id, deed.actor_id) for deed in deeds] == [
        ("dead_letter.replay", first["id"], admin_id),
        ("dead_letter.drop", second["id"], admin_id),
    ]
    assert deeds[0].changes == {"queue": QUEUE, "event": "identity.CustomerRegistered.v1"}


async def test_all_letters_or_those_of_one_queue_are_replayed(client, as_admin, die):
    for queue in (QUEUE, "orders.on_other", "orders.on_other"):
        die(queue)
    some = await client.post(f"{URL}replay/", json={"queue": "orders.on_other"}, headers=as_admin)
    assert (some.status_code, some.json()) == (202, {"letters": 2})
    assert (await client.post(f"{URL}replay/", headers=as_admin)).json() == {"letters": 1}
    assert (await client.post(f"{URL}replay/", json={}, headers=as_admin)).json() == {"letters": 0}
    assert (await client.post(f"{URL}replay/", json={"queue": "x"}, headers=as_admin)).status_code == 400


@pytest.mark.parametrize("role", [None, "customer", "staff"])
async def test_nobody_but_an_admin_gets_in(client, tokens, die, role):
    die()
    headers = tokens.headers(role=role) if role else {}
    some_id = uuid7()
    for method, path in (
        ("GET", URL),
        ("GET", f"{URL}{some_id}/"),
        ("POST", f"{URL}{some_id}/replay/"),
        ("POST", f"{URL}replay/"),
        ("DELETE", f"{URL}{some_id}/"),
    ):
        assert (await client.request(method, path, headers=headers)).status_code == (403 if role else 401), path


async def test_what_is_not_there_is_404(client, as_admin):
    for method, path in (("GET", ""), ("POST", "replay/"), ("DELETE", "")):
        assert (await client.request(method, f"{URL}{uuid7()}/{path}", headers=as_admin)).status_code == 404
    assert (await client.get(f"{URL}no-id/", headers=as_admin)).status_code == 404
