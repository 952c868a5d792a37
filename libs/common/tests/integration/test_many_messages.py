"""Messages in numbers: many writers, two relays, everything three times, a consumer that leaves in the middle."""

import asyncio
import contextlib
from typing import Any

import aio_pika
import pytest
from sqlalchemy import text

from shopsite_common import outbox, topology
from shopsite_common.broker import connect
from shopsite_common.clock import utcnow
from shopsite_common.consumer import Consumer
from shopsite_common.db import Database
from shopsite_common.events import EXCHANGE, OrderCompleted, decode
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_common.relay import Relay, envelope
from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually
from shopsite_common.topology import Subscription

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

WRITERS = 16
MANY = 10_000 if is_long_run() else 800
EVENTS = 1_000 if is_long_run() else 200


def completed(order_id=None) -> OrderCompleted:
    return OrderCompleted(order_id=order_id or uuid7(), number="SO-1", customer_id=uuid7(), completed_at=utcnow())


def leave_mark(session: Any, event: Any) -> None:
    session.connection().execute(text("INSERT INTO effects (event_id) VALUES (:id)"), {"id": event.id})


def effects(db) -> tuple[int, int]:
    """Effects, and events that have one."""
    counts = text("SELECT count(*), count(DISTINCT event_id) FROM effects")
    return tuple(db.run_here(lambda session: session.connection().execute(counts).one()))


@pytest.fixture
async def broker(amqp_url):
    async with await connect(amqp_url, name="test", give_up_after=10) as found:
        yield found


@pytest.fixture
async def subscription(broker):
    found = Subscription("catalog", leave_mark, (OrderCompleted,))
    channel = await broker.channel()
    await topology.declare(channel, [found])
    yield found
    await channel.queue_delete(found.queue)
    await channel.queue_delete(found.dead_queue)


@contextlib.asynccontextmanager
async def running(*relays: Relay, broker: Any):
    tasks = [asyncio.create_task(relay.run(broker)) for relay in relays]
    yield
    for relay in relays:
        relay.stop()
    await asyncio.wait_for(asyncio.gather(*tasks), 20)


async def publish(db, broker, *, times: int) -> None:
    """Publish what lies in the outbox, each event so many times, as relays do that die before they mark."""
    rows = db.run_here(lambda session: session.connection().execute(text("SELECT * FROM outbox ORDER BY id")).all())
    channel = await broker.channel()
    exchange = await channel.get_exchange(EXCHANGE)
    for _ in range(times):
        messages = (
            aio_pika.Message(envelope("orders", row, traceparent=""), message_id=str(row.event_id)) for row in rows
        )
        await asyncio.gather(*(exchange.publish(message, OrderCompleted.binding_key()) for message in messages))
    await channel.close()


async def test_sixteen_writers_and_two_relays_publish_everything_and_keep_the_order_of_each_aggregate(
    db, database_url, broker, subscription
):
    orders = [uuid7() for _ in range(50)]
    seen: dict[str, list[int]] = {}
    channel = await broker.channel()
    await channel.set_qos(500)
    queue = await channel.get_queue(subscription.queue)

    async def note(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        event = decode(message.body)
        seen.setdefault(event.subject, []).append(event.sequence)
        await message.ack()

    wide = Database(database_url, places=WRITERS, wait_seconds=600)
    try:
        async with running(Relay("orders", database_url), Relay("orders", database_url), broker=broker):
            tag = await queue.consume(note)
            await asyncio.gather(*(wide.run(emit, completed(orders[number % 50])) for number in range(MANY)))
            await eventually(lambda: sum(len(set(numbers)) for numbers in seen.values()) == MANY, within=300, every=0.2)
            await eventually(lambda: db.run_here(outbox.backlog)[0] == 0, within=60)
            await queue.cancel(tag)
    finally:
        wide.close()
    for numbers in seen.values():
        first_times = list(dict.fromkeys(numbers))
        assert first_times == list(range(1, MANY // 50 + 1))


async def test_each_event_three_times_has_one_effect(db, broker, subscription):
    db.run_here(emit, *(completed() for _ in range(EVENTS)))
    consumer = Consumer(db, [subscription])
    await consumer.start(broker)
    await publish(db, broker, times=3)
    await eventually(lambda: nothing_waits(broker, subscription), within=120)
    await consumer.stop()
    assert effects(db) == (EVENTS, EVENTS)


async def test_a_consumer_that_leaves_under_load_hands_over_and_nothing_is_done_twice(db, broker, subscription):
    calls: list[Any] = []

    def count(session: Any, event: Any) -> None:
        calls.append(event.id)
        leave_mark(session, event)

    count.__name__ = subscription.name
    counted = Subscription("catalog", count, (OrderCompleted,))
    db.run_here(emit, *(completed() for _ in range(EVENTS)))
    first, second = Consumer(db, [counted]), Consumer(db, [counted])
    await first.start(broker)
    publishing = asyncio.create_task(publish(db, broker, times=1))
    await eventually(lambda: len(calls) > EVENTS // 10, within=60)
    await first.stop()
    await second.start(broker)
    await publishing
    await eventually(lambda: effects(db) == (EVENTS, EVENTS), within=120)
    await second.stop()
    assert len(calls) == len(set(calls)) == EVENTS


async def nothing_waits(broker, subscription) -> bool:
    channel = await broker.channel()
    queue = await channel.declare_queue(subscription.queue, passive=True)
    await channel.close()
    return queue.declaration_result.message_count == 0


async def test_one_message_that_nobody_can_read_stops_none_of_a_hundred_good_ones(db, broker, subscription):
    db.run_here(emit, *(completed() for _ in range(100)))
    channel = await broker.channel()
    exchange = await channel.get_exchange(EXCHANGE)
    await exchange.publish(aio_pika.Message(b"\x00 no event"), OrderCompleted.binding_key())
    await publish(db, broker, times=1)
    consumer = Consumer(db, [subscription])
    await consumer.start(broker)
    await eventually(lambda: effects(db) == (100, 100), within=60)
    dead = await channel.declare_queue(subscription.dead_queue, passive=True)
    await consumer.stop()
    letter = await eventually(lambda: dead.get(fail=False), within=10)
    assert letter.body == b"\x00 no event"
    await letter.ack()


@pytest.mark.skipif(not is_long_run(), reason="RabbitMQ tries again after three minutes")
async def test_a_dead_letter_whose_queue_is_gone_is_kept_until_it_is_back(db, broker, subscription):
    channel = await broker.channel()
    await channel.queue_delete(subscription.dead_queue)
    consumer = Consumer(db, [subscription])
    await consumer.start(broker)
    exchange = await channel.get_exchange(EXCHANGE)
    await exchange.publish(aio_pika.Message(b"no event"), OrderCompleted.binding_key())
    await eventually(lambda: nothing_waits(broker, subscription), within=30)
    await consumer.stop()
    await topology.declare(channel, [subscription])
    dead = await channel.get_queue(subscription.dead_queue)
    letter = await eventually(lambda: dead.get(fail=False), within=400, every=2)
    assert letter.body == b"no event"
    await letter.ack()
