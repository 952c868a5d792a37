"""Dead letters in the dashboard."""

from datetime import UTC, datetime
from uuid import uuid4

import aio_pika
import orjson
import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e

QUEUE = "identity.on_admin_acted"


@pytest.fixture
async def letter(shop, admin):
    """A message that can't be read as the event that it says it is, as it lies among the dead letters."""
    event_id = str(uuid4())
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/orders",
        "type": "shopsite.orders.AdminActed.v1",
        "subject": "subject",
        "time": datetime.now(UTC).isoformat(),
        "data": {"action": "browser.test"},
    }
    async with await aio_pika.connect(shop.url("AMQP_URL")) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.default_exchange.publish(aio_pika.Message(orjson.dumps(document)), QUEUE)
    return await eventually(lambda: find(admin, event_id), within=60, every=0.3)


async def find(admin, event_id):
    found = (await admin.get(f"/api/admin/dead-letters/?queue={QUEUE}"))["results"]
    return next((row for row in found if row["event_id"] == event_id), None)


def article(visitor, letter):
    return visitor.page.locator("article").filter(has=visitor.page.locator(f"#letter-{letter['id']}"))


async def test_a_dead_letter_is_read_replayed_and_dropped(visitor, as_admin, admin, letter):
    await as_admin(visitor, f"/admin/dead-letters/?queue={QUEUE}")
    one = article(visitor, letter)
    await one.get_by_text(letter["reason"]).wait_for()
    await one.get_by_text("Payload").click()
    await one.get_by_text("browser").first.wait_for()
    await visitor.look("dead-letters")
    await one.get_by_role("button", name="Replay").click()
    await visitor.reads("The letter goes back to its queue.")

    async def has_died_again():
        row = await find(admin, letter["event_id"])
        return row if row and row["died_at"] != letter["died_at"] else None

    again = await eventually(has_died_again, within=60, every=0.5)
    await visitor.open(f"/admin/dead-letters/?queue={QUEUE}")
    one = article(visitor, again)
    await one.get_by_text("Drop…").click()
    await one.get_by_role("button", name="Drop the letter").click()
    await visitor.reads("The letter is dropped.")
    assert await find(admin, letter["event_id"]) is None
