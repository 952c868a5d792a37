"""Events on their way: out of the outbox, and into an effect. The shop's own processes, against bare aio-pika."""

import contextlib
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

from shopsite_bench import plain_messages
from shopsite_bench.case import Case, Figures, Sides, at_least
from shopsite_bench.stage import Stage
from shopsite_bench.waiting import await_count
from shopsite_common.relay import envelope
from shopsite_local import control

_COUNT = 3000
_CONSUMER = "identity-worker"
# AdminActed is what every service may tell, and one row at identity is all that follows from it
_EMIT = """
    INSERT INTO orders.outbox (event_id, type, subject, sequence, data, traceparent, request_id)
    SELECT id, 'AdminActed.v1', id::text, 1, jsonb_build_object(
        'action_id', id, 'actor_id', gen_random_uuid(), 'action', 'order.ship', 'object_type', 'order', 'object_id', id,
        'at', now(), 'changes', jsonb_build_object('status', 'SHIPPED', 'batch', %(batch)s)),
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'bench'
    FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, %(count)s)) AS ids;
    SELECT pg_notify('orders.outbox', '')
"""
_OF_BATCH = "FROM orders.outbox WHERE type = 'AdminActed.v1' AND data->'changes'->>'batch' = %s"


def _emit(stage: Stage, count: int) -> str:
    """Puts a batch of events into the outbox of orders, and returns its name."""
    batch = str(uuid4())
    stage.query(_EMIT, {"batch": batch, "count": count})
    return batch


def _await_sent(stage: Stage, batch: str) -> None:
    await_count(stage, f"SELECT count(*) {_OF_BATCH} AND sent_at IS NULL", (batch,), 0)


def _await_handled(stage: Stage, batch: str) -> None:
    wanted = f"SELECT event_id {_OF_BATCH}"
    await_count(
        stage, f"SELECT count(*) FROM ({wanted} EXCEPT SELECT event_id FROM identity.inbox) AS missing", (batch,), 0
    )


@contextlib.contextmanager
def _held(stage: Stage) -> Iterator[None]:
    """Whoever consumes does nothing meanwhile."""
    control.ask(stage.instance.home, "pause", _CONSUMER)
    try:
        yield
    finally:
        control.ask(stage.instance.home, "resume", _CONSUMER)


def _relay(stage: Stage) -> Figures:
    """The worker of orders sends what lies in its outbox; nobody takes it meanwhile. By the database's clock."""
    with _held(stage):
        batch = _emit(stage, _COUNT)
        _await_sent(stage, batch)
    took = stage.query(f"SELECT extract(epoch FROM max(sent_at) - max(created_at))::float {_OF_BATCH}", (batch,))
    _await_handled(stage, batch)
    return {"rate": _COUNT / took[0][0]}


def _consume(stage: Stage) -> Figures:
    """The worker of identity takes what lies in its queue: a transaction an event. By the database's clock."""
    with _held(stage):
        batch = _emit(stage, _COUNT)
        _await_sent(stage, batch)
    _await_handled(stage, batch)
    handled = f"SELECT handled_at FROM identity.inbox WHERE event_id IN (SELECT event_id {_OF_BATCH})"
    took = stage.query(
        f"SELECT extract(epoch FROM max(handled_at) - min(handled_at))::float FROM ({handled}) h", (batch,)
    )
    return {"rate": _COUNT / took[0][0]}


def _message(stage: Stage) -> bytes:
    """The body of such an event, as the relay makes it."""
    batch = _emit(stage, 1)
    _await_handled(stage, batch)
    columns = "event_id, type, subject, sequence, data, request_id, created_at"
    [row] = stage.query(f"SELECT {columns} {_OF_BATCH}", (batch,))
    return envelope("orders", row, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")


@contextlib.contextmanager
def _relaying(stage: Stage) -> Iterator[Sides]:
    body = _message(stage)
    yield Sides(partial(_relay, stage), partial(plain_messages.publish, stage.facts["AMQP_URL"], body, _COUNT))


@contextlib.contextmanager
def _consuming(stage: Stage) -> Iterator[Sides]:
    body = _message(stage)
    yield Sides(partial(_consume, stage), partial(plain_messages.consume, stage.facts["AMQP_URL"], body, _COUNT))


CASES = (
    Case(
        "outbox-relay",
        "outbox relay, events a second / aio-pika publishing the same, 100 in flight, with confirms",
        (at_least(0.60),),
        _relaying,
    ),
    Case(
        "consumer",
        "consumer with inbox and one row of effect, events a second / aio-pika consuming, prefetch 100",
        (at_least(0.30),),
        _consuming,
    ),
)
