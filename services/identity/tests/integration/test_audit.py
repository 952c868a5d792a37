"""The audit log: from every service's events."""

from datetime import UTC, datetime

import pytest

from shopsite_common.events import AdminActed
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, event_of
from shopsite_identity.consumers import HANDLERS

pytestmark = pytest.mark.integration

PATH = "/api/admin/audit/"


@pytest.fixture
def act(db, admin):
    """Let the log hear of a deed."""

    def tell(
        action="order.ship", *, service="orders", actor=None, object_id="42", hour=8, event_id=None, action_id=None
    ):
        deed = AdminActed(
            action_id=action_id or uuid7(),
            actor_id=actor or admin.id,
            action=action,
            object_type=action.split(".")[0],
            object_id=object_id,
            at=datetime(2026, 11, 24, hour, tzinfo=UTC),
            changes={"status": "SHIPPED"},
        )
        return deliver(db, HANDLERS, event_of(deed, producer=service, event_id=event_id))

    return tell


@pytest.fixture
def actions(client, admin):
    """Return the actions on a page of the log."""

    async def get(**query):
        answer = await client.get(PATH, params=query, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return [entry["action"] for entry in answer.json()["results"]]

    return get


async def test_a_deed_is_shown_with_who_what_when_and_where(client, act, admin):
    act()
    (entry,) = (await client.get(PATH, headers=admin.headers)).json()["results"]
    assert entry["at"] == "2026-11-24T08:00:00.000000Z"
    assert (entry["service"], entry["action"], entry["object_type"], entry["object"]) == (
        "orders",
        "order.ship",
        "order",
        "42",
    )
    assert (entry["actor"], entry["actor_email"]) == (str(admin.id), "root@example.com")
    assert entry["changes"] == {"status": "SHIPPED"}


async def test_a_deed_told_twice_is_kept_once(act, actions):
    event_id, action_id = uuid7(), uuid7()
    assert act(event_id=event_id, action_id=action_id) == ["done"]
    assert act(event_id=event_id, action_id=action_id) == ["duplicate"]
    assert act(action_id=action_id) == ["done"]
    assert await actions() == ["order.ship"]


async def test_the_log_is_filtered_newest_first(act, actions, admin):
    other = uuid7()
    act("order.ship", hour=8)
    act("product.update", hour=9, service="catalog", object_id="7", actor=other)
    act("order.complete", hour=10)
    assert await actions() == ["order.complete", "product.update", "order.ship"]
    assert await actions(actor=str(other)) == ["product.update"]
    assert await actions(action="order.ship") == ["order.ship"]
    assert await actions(object="7") == ["product.update"]
    assert await actions(object="order") == ["order.complete", "order.ship"]
    assert await actions(at__gte="2026-11-24T09:00:00Z") == ["order.complete", "product.update"]
    assert await actions(at__gte="2026-11-24", at__lte="2026-11-24T08:30:00") == ["order.ship"]
    assert await actions(page_size=1, page=2) == ["product.update"]
    assert await actions(actor=str(admin.id), action="product.update") == []


@pytest.mark.parametrize("query", ["actor=me", "at__gte=yesterday", "at__lte=1795516367", "page_size=1000"])
async def test_what_cannot_be_read_is_refused(client, admin, query):
    assert (await client.get(f"{PATH}?{query}", headers=admin.headers)).status_code == 400


async def test_only_admins_read_it(client, make_account, headers_of):
    assert (await client.get(PATH)).status_code == 401
    assert (await client.get(PATH, headers=await headers_of(make_account(role="staff")))).status_code == 403


async def test_an_erased_admin_is_named_no_more(client, act, admin, make_account):
    gone = make_account("gone@example.com", role="admin")
    act(actor=gone.id)
    await client.delete(f"/api/admin/customers/{gone.id}/", headers=admin.headers)
    (entry,) = (await client.get(PATH, headers=admin.headers)).json()["results"]
    assert (entry["actor"], entry["actor_email"]) == (str(gone.id), None)
