"""What no handler could take, through the whole shop: it blocks nobody, and waits to be replayed or dropped."""

from datetime import UTC, datetime
from uuid import uuid4

import aio_pika
import orjson
import psycopg2
import pytest
from aio_pika import DeliveryMode

from shopsite_common.testing.polling import eventually
from shopsite_common.topology import ATTEMPT_HEADER, LADDER

pytestmark = pytest.mark.e2e

URL = "/api/admin/dead-letters/"
AUDIT_QUEUE = "identity.on_admin_acted"
LAST_ATTEMPT = {ATTEMPT_HEADER: len(LADDER)}  # the next failure is the last; the ladder itself takes six minutes


@pytest.fixture
async def put(shop):
    """Return a function that puts messages into a queue."""

    async def publish(queue, *bodies, **headers):
        for body in bodies:
            message = aio_pika.Message(body, headers=headers, delivery_mode=DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, queue)

    async with await aio_pika.connect(shop.url("AMQP_URL")) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield publish


@pytest.fixture
def sql(shop):
    """Return a function that runs a statement as a service, and gives its rows."""

    def run(service, statement, *values):
        connection = psycopg2.connect(shop.url(f"DATABASE_URL_{service.upper()}"))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    return run


def event(type_, data, service):
    document = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": f"/{service}",
        "type": f"shopsite.{service}.{type_}",
        "subject": "subject",
        "time": datetime.now(UTC).isoformat(),
        "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00",
        "data": data,
    }
    return orjson.dumps(document)


def deed(object_id):
    data = {
        "action_id": str(uuid4()),
        "actor_id": str(uuid4()),
        "action": "test.deed",
        "object_type": "test",
        "object_id": object_id,
        "at": datetime.now(UTC).isoformat(),
        "changes": {},
    }
    return event("AdminActed.v1", data, "orders")


async def audited(admin, object_id):
    return (await admin.get(f"/api/admin/audit/?object={object_id}&page_size=100"))["results"]


async def letters_of(admin, queue, count):
    found = []

    async def are_there():
        found[:] = (await admin.get(f"{URL}?queue={queue}"))["results"]
        return len(found) == count

    await eventually(are_there, within=60, every=0.3)
    return found


@pytest.mark.row(
    "GET /api/admin/dead-letters/",
    "POST /api/admin/dead-letters/{id}/replay/",
    "DELETE /api/admin/dead-letters/{id}/",
)
async def test_a_poison_in_front_of_a_hundred_good_ones_is_put_aside_mended_replayed_and_dropped(admin, put, sql):
    poisoned, good = f"poison-{uuid4()}", f"good-{uuid4()}"
    sql("identity", "ALTER TABLE audit_entries ADD CONSTRAINT broken CHECK (object_id !~ '^poison-') NOT VALID")
    try:
        await put(AUDIT_QUEUE, b"no event, but of ada@example.com")
        await put(AUDIT_QUEUE, deed(poisoned), **LAST_ATTEMPT)
        await put(AUDIT_QUEUE, *(deed(good) for _ in range(100)))

        async def all_good_ones_done():
            return (await admin.get(f"/api/admin/audit/?object={good}"))["count"] == 100

        await eventually(all_good_ones_done, within=60, every=0.3)
        garbage, poison = sorted(await letters_of(admin, AUDIT_QUEUE, 2), key=lambda letter: letter["attempts"])
    finally:
        sql("identity", "ALTER TABLE audit_entries DROP CONSTRAINT broken")

    assert (garbage["event"], garbage["payload"]) == (None, None)
    assert garbage["reason"].startswith("it cannot be decoded")
    assert (poison["event"], poison["attempts"], poison["trace_id"]) == ("orders.AdminActed.v1", 5, "ab" * 16)
    assert 'violates check constraint "broken"' in poison["reason"]
    assert poison["payload"]["object_id"] == poisoned
    assert poison["died_at"].endswith("Z")

    answer = await admin.call("POST", f"{URL}{poison['id']}/replay/")
    assert (answer.status_code, answer.json()["status"]) == (202, "replaying")
    await eventually(lambda: audited(admin, poisoned), within=60, every=0.3)
    assert (await admin.call("DELETE", f"{URL}{garbage['id']}/")).status_code == 204
    await letters_of(admin, AUDIT_QUEUE, 0)
    for letter, action in ((poison, "dead_letter.replay"), (garbage, "dead_letter.drop")):
        [entry] = await eventually(lambda letter=letter: audited(admin, letter["id"]), within=60, every=0.3)
        assert (entry["action"], entry["service"]) == (action, "identity")


@pytest.mark.row("POST /api/admin/dead-letters/{id}/replay/")
async def test_what_was_handled_before_it_was_replayed_happens_once(admin, put):
    object_id = f"twice-{uuid4()}"
    body = deed(object_id)
    await put(AUDIT_QUEUE, body)
    await eventually(lambda: audited(admin, object_id), within=60, every=0.3)
    await put(f"{AUDIT_QUEUE}.dead", body)
    [_] = await letters_of(admin, AUDIT_QUEUE, 1)
    answer = await admin.call("POST", f"{URL}replay/", json={"queue": AUDIT_QUEUE})
    assert (answer.status_code, answer.json()) == (202, {"letters": 1})
    await letters_of(admin, AUDIT_QUEUE, 0)
    after = f"after-{uuid4()}"
    await put(AUDIT_QUEUE, deed(after))
    await eventually(lambda: audited(admin, after), within=60, every=0.3)
    assert len(await audited(admin, object_id)) == 1


async def test_an_erased_customer_is_taken_out_of_the_letters(admin, buyer, put, sql):
    me = await buyer.get("/api/customer_profile/me/")
    person = {key: me[key] for key in ("email", "first_name", "last_name", "role")}
    preferences = {"order_emails": True, "marketing_emails": False}
    data = {"customer_id": me["id"], **person, "is_active": True, "preferences": preferences}
    queue = "notifications.on_customer_updated"
    await put(f"{queue}.dead", event("CustomerUpdated.v1", data, "identity"))
    [letter] = await letters_of(admin, queue, 1)
    assert (letter["payload"]["customer_id"], letter["payload"]["email"]) == (me["id"], "***")

    def kept():
        statement = "SELECT convert_from(body, 'UTF8') FROM dead_letters WHERE id = %s"
        [(body,)] = sql("notifications", statement, letter["id"])
        return body

    assert me["email"] in kept()
    assert (await admin.call("DELETE", f"/api/admin/customers/{me['id']}/")).status_code == 204
    await eventually(lambda: me["email"] not in kept(), within=60, every=0.3)
    assert me["id"] in kept()
    assert (await admin.call("DELETE", f"{URL}{letter['id']}/")).status_code == 204


async def test_letters_are_nobodys_business_but_an_admins(shop, buyer):
    for method, path in (("GET", ""), ("GET", f"{uuid4()}/"), ("POST", "replay/"), ("DELETE", f"{uuid4()}/")):
        assert (await shop.request(method, f"{URL}{path}")).status_code == 401
        assert (await buyer.call(method, f"{URL}{path}")).status_code == 403
