"""Outbox, relay, broker, consumer and inbox together, on the real servers."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustConnection
from sqlalchemy import text
from sqlmodel import Session

from shopsite_common import outbox, topology
from shopsite_common.broker import connect
from shopsite_common.clock import utcnow
from shopsite_common.consumer import ATTEMPT_HEADER, REASON_HEADER, Consumer
from shopsite_common.db import Database
from shopsite_common.events import EXCHANGE, OrderCompleted, PaymentInitiated
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_common.relay import Relay
from shopsite_common.testing.polling import eventually
from shopsite_common.topology import Subscription

pytestmark = pytest.mark.integration


def payment_initiated(order_id=None) -> PaymentInitiated:
    return PaymentInitiated(
        payment_id=uuid7(),
        order_id=order_id or uuid7(),
        customer_id=uuid7(),
        reference="ref-1",
        amount="19.90",
        currency="NGN",
    )


def leave_mark(session: Session, event: Any) -> None:
    statement = text("INSERT INTO effects (event_id, order_id, note) VALUES (:id, :order_id, :note)")
    values = {"id": event.id, "order_id": event.data.order_id, "note": event.data.reference}
    session.connection().execute(statement, values)


def count_effects(db: Database) -> int:
    return db.run_here(lambda session: session.connection().execute(text("SELECT count(*) FROM effects")).scalar_one())


def unsent(db: Database) -> int:
    return db.run_here(lambda session: outbox.backlog(session)[0])


@pytest.fixture
async def broker(amqp_url: str) -> AsyncGenerator[AbstractRobustConnection]:
    connection = await connect(amqp_url, name="test", give_up_after=10)
    yield connection
    await connection.close()


@pytest.fixture
async def relay(database_url: str, broker: AbstractRobustConnection) -> AsyncGenerator[Relay]:
    # events of this service look as if payments sent them: their contracts are the ones at hand
    publisher = Relay("payments", database_url)
    task = asyncio.create_task(publisher.run(broker))
    yield publisher
    publisher.stop()
    await asyncio.wait_for(task, 10)


@pytest.fixture
async def consuming(db: Database, broker: AbstractRobustConnection) -> AsyncGenerator[Any]:
    """Return a function that starts a consumer of one handler; in the end its queues go, and so do their bindings."""
    started: list[tuple[Consumer, Subscription]] = []

    async def start(handler: Any) -> tuple[Consumer, Subscription]:
        subscription = Subscription("orders", handler, (PaymentInitiated,))
        await topology.declare(await broker.channel(), [subscription])
        consumer = Consumer(db, [subscription], prefetch=16)
        await consumer.start(broker)
        started.append((consumer, subscription))
        return consumer, subscription

    yield start
    channel = await broker.channel()
    for consumer, subscription in started:
        await consumer.stop()
        await channel.queue_delete(subscription.queue)
        await channel.queue_delete(subscription.dead_queue)


async def dead_letters(broker: AbstractRobustConnection, subscription: Subscription) -> int:
    channel = await broker.channel()
    queue = await channel.declare_queue(subscription.dead_queue, passive=True)
    await channel.close()
    return int(queue.declaration_result.message_count or 0)


async def test_an_event_reaches_its_handler_once_and_in_its_transaction(db, broker, consuming, relay):
    await consuming(leave_mark)
    await db.run(emit, payment_initiated(), payment_initiated())
    await eventually(lambda: count_effects(db) == 2)
    await eventually(lambda: unsent(db) == 0)


async def test_a_unit_of_work_that_fails_sends_nothing(db, broker, consuming, relay):
    await consuming(leave_mark)

    def fail(session: Session) -> None:
        emit(session, payment_initiated())
        raise RuntimeError("after the event")

    with pytest.raises(RuntimeError):
        await db.run(fail)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 1)


async def test_a_duplicate_has_no_effect(db, broker, consuming, relay):
    await consuming(leave_mark)
    await db.run(emit, payment_initiated())
    await eventually(lambda: unsent(db) == 0)
    await db.run(lambda session: session.connection().execute(text("UPDATE outbox SET sent_at = NULL")).rowcount)
    await db.run(emit, payment_initiated())  # wakes the relay: it sends both, the first for the second time
    await eventually(lambda: count_effects(db) == 2)
    await eventually(lambda: unsent(db) == 0)
    assert count_effects(db) == 2


async def test_a_transaction_that_commits_late_is_not_skipped(db, broker, consuming, relay):
    await consuming(leave_mark)
    written, may_commit = threading.Event(), threading.Event()

    def write_and_wait(session: Session) -> None:
        emit(session, payment_initiated())
        written.set()
        may_commit.wait(10)

    late = asyncio.create_task(db.run(write_and_wait))
    await asyncio.to_thread(written.wait, 5)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 1)
    may_commit.set()
    await late
    await eventually(lambda: count_effects(db) == 2)


async def test_numbers_within_an_aggregate_follow_the_order_of_commits(db, broker, consuming, relay):
    seen: list[int] = []
    order_id = uuid7()

    def remember(session: Session, event: Any) -> None:
        seen.append(event.sequence)

    await consuming(remember)
    await asyncio.gather(*(db.run(emit, payment_initiated(order_id)) for _ in range(30)))
    await eventually(lambda: len(seen) == 30)
    assert sorted(seen) == list(range(1, 31))


async def test_an_event_that_no_queue_takes_stays_and_is_sent_when_the_binding_returns(db, broker, consuming, relay):
    _, subscription = await consuming(leave_mark)
    channel = await broker.channel()
    queue = await channel.get_queue(subscription.queue)
    await queue.unbind(EXCHANGE, PaymentInitiated.binding_key())
    await db.run(emit, payment_initiated())

    def refused(session: Session) -> str:
        return session.connection().execute(text("SELECT coalesce(max(error), '') FROM outbox")).scalar_one()

    await eventually(lambda: "no queue for payments.PaymentInitiated.v1" in db.run_here(refused))
    assert unsent(db) == 1
    await queue.bind(EXCHANGE, PaymentInitiated.binding_key())
    await eventually(lambda: unsent(db) == 0, within=15)
    await eventually(lambda: count_effects(db) == 1)


async def test_a_type_that_nobody_consumes_yet_blocks_nothing(db, broker, database_url, monkeypatch):
    monkeypatch.setattr(OrderCompleted, "consumed", False)
    publisher = Relay("orders", database_url)
    task = asyncio.create_task(publisher.run(broker))
    event = OrderCompleted(order_id=uuid7(), number="SO-1", customer_id=uuid7(), completed_at=utcnow())
    await db.run(emit, event)
    await eventually(lambda: unsent(db) == 0)
    publisher.stop()
    await asyncio.wait_for(task, 10)


async def test_what_cannot_be_decoded_goes_to_the_dead_letters_at_once_and_holds_nobody_up(
    db, broker, consuming, relay
):
    _, subscription = await consuming(leave_mark)
    channel = await broker.channel()
    exchange = await channel.get_exchange(EXCHANGE)
    await exchange.publish(aio_pika.Message(b"no event"), PaymentInitiated.binding_key())
    for _ in range(20):
        await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 20)
    await eventually(lambda: dead_letters(broker, subscription))
    assert await dead_letters(broker, subscription) == 1


async def test_a_handler_that_fails_climbs_the_ladder_and_ends_with_its_reason(
    db, broker, consuming, relay, monkeypatch
):
    monkeypatch.setattr("shopsite_common.consumer.LADDER", (timedelta(seconds=1),))

    def fail(session: Session, event: Any) -> None:
        leave_mark(session, event)
        raise LookupError("no such thing")

    _, subscription = await consuming(fail)
    await db.run(emit, payment_initiated())
    await eventually(lambda: dead_letters(broker, subscription), within=20)
    message = await (await (await broker.channel()).get_queue(subscription.dead_queue)).get(timeout=5)
    assert message is not None
    assert message.headers[ATTEMPT_HEADER] == 2
    assert message.headers[REASON_HEADER] == "LookupError: no such thing"
    await message.ack()
    assert count_effects(db) == 0


async def test_an_outage_pauses_a_message_and_climbs_nothing(db, broker, consuming, relay):
    from shopsite_common.db import DatabaseDown

    failures = iter([DatabaseDown()] * 3)

    def sometimes(session: Session, event: Any) -> None:
        if (error := next(failures, None)) is not None:
            raise error
        leave_mark(session, event)

    _, subscription = await consuming(sometimes)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 1, within=15)
    assert await dead_letters(broker, subscription) == 0


async def test_a_stopping_consumer_hands_back_what_it_holds(db, broker, consuming, relay):
    from shopsite_common.db import DatabaseDown

    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def down(session: Session, event: Any) -> None:
        loop.call_soon_threadsafe(tried.set)
        raise DatabaseDown

    first, _ = await consuming(down)
    await db.run(emit, payment_initiated())
    await asyncio.wait_for(tried.wait(), 10)
    await first.stop()
    channel = await broker.channel()
    message = await (await channel.get_queue("orders.down")).get(timeout=5)
    assert message is not None
    assert message.redelivered
    await message.ack()


async def test_only_one_relay_works_at_a_time_and_another_takes_over(db, broker, consuming, database_url):
    await consuming(leave_mark)
    relays = [Relay("payments", database_url) for _ in range(2)]
    tasks = [asyncio.create_task(relay.run(broker)) for relay in relays]
    await asyncio.gather(*(db.run(emit, payment_initiated()) for _ in range(20)))
    await eventually(lambda: count_effects(db) == 20)
    relays[0].stop()
    await asyncio.wait_for(tasks[0], 10)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 21)
    relays[1].stop()
    await asyncio.wait_for(tasks[1], 10)


async def test_the_relay_survives_the_loss_of_its_database_connections(db, broker, consuming, relay):
    await consuming(leave_mark)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 1)

    def cut(session: Session) -> None:
        others = "usename = current_user AND pid <> pg_backend_pid()"
        session.connection().execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))

    await db.run(cut)
    await db.run(emit, payment_initiated())
    await eventually(lambda: count_effects(db) == 2, within=15)
