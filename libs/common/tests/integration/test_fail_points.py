"""A process dies between two steps that no transaction joins. In this process, and often: the instant is exact.

Doubles stand at the border, where the relay meets the broker and the consumer the database, and stop whoever comes by.
What a dead process leaves open is closed from outside, as the kernel would. `tests/faults` kills real processes.
"""

import asyncio
import contextlib
from typing import Any

import pytest
from sqlalchemy import text

from shopsite_common import relay as relays
from shopsite_common import topology
from shopsite_common.broker import connect
from shopsite_common.clock import utcnow
from shopsite_common.consumer import Consumer
from shopsite_common.events import OrderCompleted
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_common.relay import Relay
from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually
from shopsite_common.topology import Subscription

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

TIMES = 200 if is_long_run() else 20


class Died(BaseException):
    """The process is gone: no `except Exception` may have a word in it."""


def event() -> OrderCompleted:
    return OrderCompleted(order_id=uuid7(), number="SO-1", customer_id=uuid7(), completed_at=utcnow())


def leave_mark(session: Any, event: Any) -> None:
    session.connection().execute(text("INSERT INTO effects (event_id) VALUES (:id)"), {"id": event.id})


def figures(db) -> tuple[int, int, int]:
    """Effects, events with an effect, events that are not marked as sent."""
    counts = (
        "SELECT count(*), count(DISTINCT event_id), (SELECT count(*) FROM outbox WHERE sent_at IS NULL) FROM effects"
    )
    return tuple(db.run_here(lambda session: session.connection().execute(text(counts)).one()))


class DyingExchange:
    """Publishes to the real exchange, and dies before or after the broker has confirmed."""

    def __init__(self, exchange: Any, *, confirmed: bool) -> None:
        self._exchange = exchange
        self._confirmed = confirmed

    async def publish(self, *args: Any, **kwargs: Any) -> None:
        if self._confirmed:
            await self._exchange.publish(*args, **kwargs)
        raise Died


class DyingDatabase:
    """Runs a unit of work on the real database, and dies before or after its commit."""

    def __init__(self, db: Any, *, committed: bool) -> None:
        self._db = db
        self._committed = committed
        self.died = asyncio.Event()

    async def run(self, use_case: Any, **kwargs: Any) -> None:
        def do(session: Any) -> None:
            use_case(session, **kwargs)
            if not self._committed:
                raise Died

        try:
            await self._db.run(do)
        finally:
            self.died.set()
        raise Died


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
async def running_relay(database_url, broker):
    relay = Relay("orders", database_url)
    task = asyncio.create_task(relay.run(broker))
    yield
    relay.stop()
    await asyncio.wait_for(task, 10)


@contextlib.asynccontextmanager
async def running_consumer(db, broker, subscription):
    consumer = Consumer(db, [subscription])
    await consumer.start(broker)
    yield
    await consumer.stop()


@pytest.mark.parametrize("confirmed", [False, True], ids=["committed, not published", "published, not marked"])
async def test_a_relay_that_dies_leaves_every_event_to_the_next_one(
    db, database_url, broker, subscription, monkeypatch, confirmed
):
    declare = relays.declare_exchange

    async def dying(channel: Any) -> DyingExchange:
        return DyingExchange(await declare(channel), confirmed=confirmed)

    async with running_consumer(db, broker, subscription):
        for done in range(1, TIMES + 1):
            with monkeypatch.context() as patched:
                patched.setattr(relays, "declare_exchange", dying)
                await db.run(emit, event())
                with pytest.raises(Died):
                    await Relay("orders", database_url).run(broker)
            assert figures(db)[2] == 1, "the event counts as unsent although its relay died"
            async with running_relay(database_url, broker):
                await eventually(lambda done=done: figures(db) == (done, done, 0), within=30)


@pytest.mark.parametrize("committed", [False, True], ids=["handled, not committed", "committed, not acknowledged"])
async def test_a_consumer_that_dies_leaves_its_message_to_the_next_one_and_no_second_effect(
    db, database_url, amqp_url, broker, subscription, committed
):
    async with running_relay(database_url, broker):
        for done in range(1, TIMES + 1):
            victim, own = DyingDatabase(db, committed=committed), await connect(amqp_url, name="victim")
            await Consumer(victim, [subscription]).start(own)
            await db.run(emit, event())
            await asyncio.wait_for(victim.died.wait(), 30)
            await own.close()
            assert figures(db)[0] == (done if committed else done - 1)
            async with running_consumer(db, broker, subscription):
                await eventually(lambda done=done: figures(db) == (done, done, 0), within=30)
                await eventually(lambda: nothing_waits(broker, subscription), within=30)


async def nothing_waits(broker, subscription) -> bool:
    channel = await broker.channel()
    queue = await channel.declare_queue(subscription.queue, passive=True)
    await channel.close()
    return queue.declaration_result.message_count == 0
