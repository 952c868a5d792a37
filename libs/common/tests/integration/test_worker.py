"""A worker goes on whatever happens to its parts."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from shopsite_common import consumer, outbox, topology, worker
from shopsite_common.broker import connect
from shopsite_common.errors import Unavailable
from shopsite_common.events import PaymentInitiated
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit
from shopsite_common.testing.polling import eventually
from shopsite_common.topology import Subscription
from shopsite_common.worker import Worker

pytestmark = pytest.mark.integration


def leave_mark(session: Session, event: Any) -> None:
    session.connection().execute(text("INSERT INTO effects (event_id) VALUES (:id)"), {"id": event.id})


def effects(session: Session) -> int:
    return session.connection().execute(text("SELECT count(*) FROM effects")).scalar_one()


def payment_initiated() -> PaymentInitiated:
    return PaymentInitiated(
        payment_id=uuid7(), order_id=uuid7(), customer_id=uuid7(), reference="r", amount="1.00", currency="NGN"
    )


def failing_first(function: Any, *errors: Exception) -> Any:
    """Return the function, but its first calls fail so."""
    left = list(errors)

    async def call(*args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop(0)
        return await function(*args, **kwargs)

    return call


@pytest.fixture
def settings(database_url, amqp_url):
    return SimpleNamespace(
        service="payments",
        relay_database_url="",
        service_database_url=database_url,
        outbox_keep_hours=1,
        consumer_prefetch=1,
        amqp_url=amqp_url,
    )


@pytest.fixture
async def start(db, settings, amqp_url, monkeypatch):
    """Return a function that starts a worker with one handler."""
    monkeypatch.setattr(worker, "_RESTART_SECONDS", 0.01)
    monkeypatch.setattr(consumer, "_HAND_BACK_SECONDS", 0.01)
    broker = await connect(amqp_url, name="test", give_up_after=10)
    started = []

    async def begin(handler):
        subscription = Subscription("payments", handler, (PaymentInitiated,))
        await topology.declare(await broker.channel(), [subscription])
        made = Worker(SimpleNamespace(settings=settings, db=db), [subscription], [])
        made.start()
        started.append((made, subscription))
        return made

    yield begin
    channel = await broker.channel()
    for made, subscription in started:
        await made.stop()
        await channel.queue_delete(subscription.queue)
        await channel.queue_delete(subscription.dead_queue)
    await broker.close()


async def test_an_error_that_nobody_expected_ends_neither_connection_nor_consumer_nor_relay(db, start, monkeypatch):
    monkeypatch.setattr(worker, "connect", failing_first(worker.connect, ValueError("no URL"), ZeroDivisionError()))
    monkeypatch.setattr(consumer.Consumer, "start", failing_first(consumer.Consumer.start, LookupError()))
    monkeypatch.setattr(worker.Relay, "run", failing_first(worker.Relay.run, LookupError(), LookupError()))
    await start(leave_mark)
    await db.run(emit, payment_initiated())
    await eventually(lambda: db.run_here(effects) == 1)
    await eventually(lambda: db.run_here(outbox.backlog)[0] == 0)


async def test_a_message_whose_end_could_not_be_told_comes_again(db, start, monkeypatch):
    monkeypatch.setattr(consumer, "_climb", failing_first(consumer._climb, TimeoutError(), KeyError("header")))
    tries = []

    def fail_twice(session: Session, event: Any) -> None:
        tries.append(event.id)
        if len(tries) <= 2:
            raise LookupError
        leave_mark(session, event)

    await start(fail_twice)
    await db.run(emit, payment_initiated())
    await eventually(lambda: db.run_here(effects) == 1)
    assert len(set(tries)) == 1
    # with room for one message at a time, a place that stayed taken would hold this one up for ever
    await db.run(emit, payment_initiated())
    await eventually(lambda: db.run_here(effects) == 2)


async def test_a_worker_is_ready_when_its_broker_is(start):
    made = await start(leave_mark)

    async def ready() -> bool:
        try:
            await made.check_broker()
        except Unavailable:
            return False
        return True

    await eventually(ready)


async def test_a_worker_that_never_reached_its_broker_stops_at_once(db, settings):
    settings.amqp_url = "amqp://127.0.0.1:1/"
    made = Worker(SimpleNamespace(settings=settings, db=db), [], [])
    made.start()
    with pytest.raises(Unavailable):
        await made.check_broker()
    await made.stop()
    assert all(task.done() for task in made._tasks)
