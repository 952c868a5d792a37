"""Dead letters on the real servers: brought in, kept, sent back, dropped; no crash loses one."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aio_pika
import orjson
import pytest
from aio_pika.abc import AbstractRobustConnection
from sqlalchemy import text

from shopsite_common import outbox, topology
from shopsite_common.broker import connect
from shopsite_common.consumer import Consumer, apply
from shopsite_common.dead_letters import repository, service
from shopsite_common.dead_letters.errors import LetterNotFound, LetterUnderWay
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.dead_letters.office import DeadLetterOffice
from shopsite_common.errors import Unavailable
from shopsite_common.events import CustomerDeleted, CustomerRegistered, Preferences
from shopsite_common.ids import uuid7
from shopsite_common.pagination import PageRequest
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually
from shopsite_common.topology import ATTEMPT_HEADER, LADDER, REASON_HEADER, Subscription

pytestmark = pytest.mark.integration

ADMIN = uuid7()
mended = threading.Event()


def on_customer_registered(session: Any, event: Any) -> None:
    if event.data.first_name == "Poison" and not mended.is_set():
        raise LookupError("no template")
    statement = text("INSERT INTO effects (event_id, note) VALUES (:id, :note)")
    session.connection().execute(statement, {"id": event.id, "note": event.data.email})


def on_customer_deleted(session: Any, event: Any) -> None:
    """Nothing of its own to forget."""


HANDLER = Subscription("orders", on_customer_registered, (CustomerRegistered,))


def registered(first_name: str = "Ada", customer_id: Any = None) -> bytes:
    data = CustomerRegistered(
        customer_id=customer_id or uuid7(),
        email=f"{first_name.lower()}@example.com",
        first_name=first_name,
        last_name="Obi",
        role="customer",
        is_active=True,
        preferences=Preferences(),
    )
    return event_of(data).model_dump_json().encode()


@pytest.fixture
async def broker(amqp_url: str) -> AsyncGenerator[AbstractRobustConnection]:
    connection = await connect(amqp_url, name="test", give_up_after=10)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def broken() -> None:
    mended.clear()


@pytest.fixture
async def channel(broker: AbstractRobustConnection) -> AsyncGenerator[Any]:
    found = await broker.channel(publisher_confirms=True, on_return_raises=True)
    await topology.declare(found, [HANDLER])
    yield found
    await found.queue_delete(HANDLER.queue)
    await found.queue_delete(HANDLER.dead_queue)


@pytest.fixture
async def consumer(db: Any, broker: AbstractRobustConnection, channel: Any) -> AsyncGenerator[Consumer]:
    found = Consumer(db, [HANDLER])
    await found.start(broker)
    yield found
    await found.stop()


@pytest.fixture
def office(db: Any) -> DeadLetterOffice:
    return DeadLetterOffice(db, [HANDLER])


async def put(channel: Any, queue: str, body: bytes, **headers: Any) -> None:
    message = aio_pika.Message(body, headers=headers, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, queue)


def letters(db: Any, **filters: Any) -> list[Any]:
    return list(db.run_here(service.list_letters, paging=PageRequest(1, 100), **filters)[1])


def effects(db: Any) -> int:
    return db.run_here(lambda session: session.connection().execute(text("SELECT count(*) FROM effects")).scalar_one())


def audited(db: Any) -> list[tuple[str, str]]:
    def read(session: Any) -> list[tuple[str, str]]:
        rows = session.connection().execute(outbox.outbox.select().order_by(outbox.outbox.c.id)).all()
        return [(row.data["action"], row.data["object_id"]) for row in rows if row.type == "AdminActed.v1"]

    return db.run_here(read)


async def lying(broker: AbstractRobustConnection, queue: str) -> int:
    async with broker.channel() as fresh:  # a channel that has seen the queue before tells the old figure
        return int((await fresh.declare_queue(queue, passive=True)).declaration_result.message_count or 0)


async def brought_in(db: Any, office: DeadLetterOffice, broker: Any, count: int) -> list[Any]:
    async def all_there() -> list[Any]:
        await office.tend(broker)
        return letters(db) if len(letters(db)) == count else []

    return await eventually(all_there, within=20)


async def test_a_poison_in_front_of_a_hundred_good_ones_blocks_nobody_and_is_replayed_after_mending(
    db, broker, channel, consumer, office
):
    server = broker.transport.connection.server_properties["version"]
    await put(channel, HANDLER.queue, b"no event at all")
    # its next failure is the last: the ladder itself is climbed in test_messages
    await put(channel, HANDLER.queue, registered("Poison"), **{ATTEMPT_HEADER: len(LADDER)})
    for _ in range(100):
        await put(channel, HANDLER.queue, registered())
    await eventually(lambda: effects(db) == 100, within=30)
    undecodable, poison = sorted(await brought_in(db, office, broker, 2), key=lambda row: row.attempts)
    assert undecodable.reason.startswith("it cannot be decoded"), server
    assert (poison.reason, poison.attempts, poison.event) == (
        "LookupError: no template",
        len(LADDER) + 1,
        "identity.CustomerRegistered.v1",
    )
    mended.set()
    assert await db.run(service.replay_letters, queue=HANDLER.queue, actor_id=ADMIN, service="orders") == 2
    await office.tend(broker)
    await eventually(lambda: effects(db) == 101)
    [again] = await brought_in(db, office, broker, 1)
    assert again.body == b"no event at all"
    await db.run(service.drop_letter, letter_id=again.id, actor_id=ADMIN)
    assert letters(db) == []
    assert audited(db) == [("dead_letters.replay", HANDLER.queue), ("dead_letter.drop", str(again.id))]


async def test_a_replayed_letter_whose_handler_still_fails_begins_at_the_foot_of_the_ladder(
    db, broker, channel, consumer, office
):
    await put(channel, HANDLER.dead_queue, registered("Poison"))
    [letter] = await brought_in(db, office, broker, 1)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    await office.tend(broker)
    await eventually(lambda: letters(db) == [])
    queue = await channel.get_queue("shopsite.retry.1s")
    waiting = await eventually(lambda: queue.get(fail=False))
    assert waiting.headers[ATTEMPT_HEADER] == 1
    await waiting.ack()


async def test_a_replay_gives_the_same_message_to_its_own_queue_only_with_all_attempts_anew(
    db, broker, channel, office
):
    body = registered()
    await put(channel, HANDLER.dead_queue, body, **{ATTEMPT_HEADER: 5, REASON_HEADER: "LookupError: x"})
    [letter] = await brought_in(db, office, broker, 1)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    await office.tend(broker)
    message = await (await channel.get_queue(HANDLER.queue)).get(timeout=5)
    assert message.body == body
    assert not {ATTEMPT_HEADER, REASON_HEADER} & message.headers.keys()
    assert message.message_id == orjson.loads(body)["id"]
    await message.ack()
    assert letters(db) == []
    assert audited(db) == [("dead_letter.replay", str(letter.id))], "the second one found it under way"


async def test_a_replay_too_many_has_no_effect(db, broker, channel, consumer, office):
    body = registered()
    await put(channel, HANDLER.queue, body)
    await eventually(lambda: effects(db) == 1)
    await put(channel, HANDLER.dead_queue, body)
    [letter] = await brought_in(db, office, broker, 1)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    await office.tend(broker)
    await put(channel, HANDLER.queue, registered("Eve"))
    await eventually(lambda: effects(db) == 2)
    assert effects(db) == 2


async def test_a_crash_between_commit_and_acknowledgement_makes_one_letter(db, broker, channel, office, monkeypatch):
    await put(channel, HANDLER.dead_queue, registered())
    keep = service.keep_letter

    def keep_and_die(session: Any, *, letter: Any) -> None:
        keep(session, letter=letter)
        session.commit()
        raise ConnectionError("the process ends here")

    monkeypatch.setattr(service, "keep_letter", keep_and_die)
    with pytest.raises(Unavailable):
        await office.tend(broker)
    monkeypatch.setattr(service, "keep_letter", keep)
    await eventually(lambda: lying(broker, HANDLER.dead_queue))
    await office.tend(broker)
    [letter] = letters(db)
    assert letter.deaths == 2
    assert await lying(broker, HANDLER.dead_queue) == 0


async def test_a_crash_between_confirm_and_delete_loses_nothing_and_has_one_effect(
    db, broker, channel, consumer, office, monkeypatch
):
    await put(channel, HANDLER.dead_queue, registered())
    [letter] = await brought_in(db, office, broker, 1)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)

    def die(*_arguments: Any, **_named: Any) -> None:
        raise ConnectionError("the process ends here")

    with monkeypatch.context() as patched:
        patched.setattr(repository, "delete_sent_back", die)
        with pytest.raises(Unavailable):
            await office.tend(broker)
    assert [row.id for row in letters(db)] == [letter.id]
    with pytest.raises(LetterUnderWay):
        await db.run(service.drop_letter, letter_id=letter.id, actor_id=ADMIN)
    lease_over = "UPDATE dead_letters SET replay_at = clock_timestamp()"
    await db.run(lambda session: session.connection().execute(text(lease_over)).rowcount)
    await office.tend(broker)
    assert letters(db) == []
    await eventually(lambda: effects(db) == 1)


async def test_a_letter_that_dies_again_before_it_is_deleted_stays(db, broker, channel, office, monkeypatch):
    await put(channel, HANDLER.dead_queue, b"no event at all")
    [letter] = await brought_in(db, office, broker, 1)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    delete = repository.delete_sent_back

    def died_again_meanwhile(session: Any, letter_id: Any, *, deaths: int) -> None:
        service.keep_letter(session, letter=read_letter(HANDLER.queue, b"no event at all", {}))
        delete(session, letter_id, deaths=deaths)

    monkeypatch.setattr(repository, "delete_sent_back", died_again_meanwhile)
    await office.tend(broker)
    [found] = letters(db)
    assert (found.id, found.deaths, found.replay_at) == (letter.id, 2, None)


async def test_two_offices_send_a_letter_back_once(db, broker, channel, office):
    for number in range(20):
        await put(channel, HANDLER.dead_queue, registered(f"Ada{number}"))
    await brought_in(db, office, broker, 20)
    await db.run(service.replay_letters, queue=None, actor_id=ADMIN, service="orders")
    await asyncio.gather(office.tend(broker), DeadLetterOffice(db, [HANDLER]).tend(broker))

    async def all_back() -> bool:
        return await lying(broker, HANDLER.queue) >= 20

    await eventually(all_back)
    assert await lying(broker, HANDLER.queue) == 20


async def test_a_queue_that_is_gone_leaves_the_letter_waiting_with_the_reason(db, broker, channel, office):
    await put(channel, HANDLER.dead_queue, registered())
    [letter] = await brought_in(db, office, broker, 1)
    await channel.queue_delete(HANDLER.queue)
    await db.run(service.replay_letter, letter_id=letter.id, actor_id=ADMIN)
    await office.tend(broker)
    [found] = letters(db)
    assert (found.replay_at, found.reason) == (None, f"no queue {HANDLER.queue} on the broker")


async def test_a_queue_of_dead_letters_that_was_deleted_comes_back_and_nothing_is_lost(
    db, broker, channel, consumer, office
):
    await channel.queue_delete(HANDLER.dead_queue)
    await put(channel, HANDLER.queue, registered("Poison"), **{ATTEMPT_HEADER: len(LADDER)})
    await put(channel, HANDLER.queue, registered())
    await eventually(lambda: effects(db) == 1)
    [letter] = await brought_in(db, office, broker, 1)
    assert letter.reason == "LookupError: no template"


async def test_while_the_database_is_away_letters_stay_in_the_broker(db, broker, channel, monkeypatch):
    from shopsite_common.db import Database, DatabaseDown

    await put(channel, HANDLER.dead_queue, registered())
    away = Database("postgresql+psycopg2://nobody:x@127.0.0.1:1/nothing", places=1)
    with pytest.raises(DatabaseDown):
        await DeadLetterOffice(away, [HANDLER]).tend(broker)
    away.close()
    message = await eventually(lambda: _get(channel, HANDLER.dead_queue))
    assert not message.redelivered, "it was not even taken: RabbitMQ 4 drops what came back twenty times"
    await message.nack(requeue=True)
    [_] = await brought_in(db, DeadLetterOffice(db, [HANDLER]), broker, 1)


async def _get(channel: Any, queue: str) -> Any:
    return await (await channel.get_queue(queue)).get(fail=False)


def test_an_erased_customer_is_in_no_letter_neither_of_before_nor_of_later(db):
    customer_id, other_id = uuid7(), uuid7()
    before, later, other = (
        registered("Ada", customer_id),
        registered("Adaeze", customer_id),
        registered("Eve", other_id),
    )
    broken_one = b"{" + f'"{customer_id}" ada@example.com'.encode()
    for body in (before, other, broken_one):
        db.run_here(service.keep_letter, letter=read_letter("orders.on_x", body, {}))
    erasure = Subscription("orders", on_customer_deleted, (CustomerDeleted,))
    db.run_here(apply, subscription=erasure, event=event_of(CustomerDeleted(customer_id=customer_id)))
    db.run_here(service.keep_letter, letter=read_letter("orders.on_x", later, {}))
    db.run_here(service.keep_letter, letter=read_letter("orders.on_x", before, {}))  # once more, after a crash
    kept = {row.fingerprint: row for row in letters(db)}
    assert len(kept) == 4
    whole = b"".join(row.body + row.reason.encode() for row in kept.values())
    assert not any(value in whole for value in (b"ada@", b"Ada", b'Obi","role":"staff', b"adaeze@"))
    assert b"eve@example.com" in whole


def test_a_letter_kept_at_the_same_time_as_the_erasure_loses_its_person(db):
    customer_id = uuid7()
    letter = read_letter("orders.on_x", registered("Ada", customer_id), {})
    with db.session() as erasing:
        service.forget_customer(erasing, customer_id=customer_id)
        with ThreadPoolExecutor(1) as threads:
            keeping = threads.submit(db.run_here, service.keep_letter, letter=letter)
            with pytest.raises(TimeoutError):
                keeping.result(0.3)  # waits for the erasure
            erasing.commit()
            keeping.result(10)
    [kept] = letters(db)
    assert b"ada@" not in kept.body


def test_letters_are_filtered_by_queue_and_event(db):
    for queue, body in (("orders.on_a", registered()), ("orders.on_b", registered()), ("orders.on_b", b"?")):
        db.run_here(service.keep_letter, letter=read_letter(queue, body, {}))
    assert len(letters(db, queue="orders.on_b")) == 2
    assert db.run_here(repository.count_by_queue) == {"orders.on_a": 1, "orders.on_b": 2}
    assert len(letters(db, event="identity.CustomerRegistered.v1")) == 2
    assert len(letters(db, queue="orders.on_b", event="identity.CustomerRegistered.v1")) == 1
    assert [row.died_at for row in letters(db)] == sorted((row.died_at for row in letters(db)), reverse=True)


def test_what_is_not_there_is_neither_shown_nor_replayed_nor_dropped(db):
    for use_case in (service.replay_letter, service.drop_letter):
        with pytest.raises(LetterNotFound):
            db.run_here(use_case, letter_id=uuid7(), actor_id=ADMIN)
    with pytest.raises(LetterNotFound):
        db.run_here(service.get_letter, letter_id=uuid7())
    assert audited(db) == []
