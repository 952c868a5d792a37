"""The relay: takes unsent outbox rows in order, publishes them with confirms, and marks what the broker confirmed.

One relay a service works at a time; the others wait for its advisory lock. It wakes by ``NOTIFY`` at the commit and
polls as a safety net. A crash between confirm and mark publishes again: consumers bear that by their inbox.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import aio_pika
import orjson
import psycopg2
from aio_pika.abc import AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import DeliveryError
from prometheus_client import Counter, Gauge
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from shopsite_common import context, outbox, telemetry
from shopsite_common.broker import BROKER_ERRORS
from shopsite_common.events import contract_of
from shopsite_common.logs import get_logger
from shopsite_common.topology import declare_exchange
from shopsite_common.waiting import wait_at_most

log = get_logger(__name__)

_SENT = Counter("shopsite_outbox_sent_total", "Events that the broker has confirmed")
_REFUSED = Counter("shopsite_outbox_refused_total", "Events that the broker did not take", ["type"])
_BACKLOG = Gauge("shopsite_outbox_unsent", "Rows of the outbox that are not sent")
_AGE = Gauge("shopsite_outbox_oldest_seconds", "Age of the oldest row that is not sent")

_BATCH = 500
_IN_FLIGHT = 100  # more brings nothing: the broker then takes as many a second as it can
_POLL_SECONDS = 1.0
_PUBLISH_SECONDS = 8.0
_MAX_RETRY_DELAY = timedelta(seconds=10)
_LOCK_KEY = "outbox relay"


class Relay:
    """Publishes the outbox of one service.

    Args:
        service: the publisher's name, the first part of each routing key.
        url: the database, not through PgBouncer in transaction mode: the relay listens and holds a lock.
        keep: for how long sent rows stay readable.
    """

    def __init__(self, service: str, url: str, *, keep: timedelta = timedelta(hours=24)) -> None:
        self._service = service
        self._engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 3})
        self._keep = keep
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._lost = False

    async def run(self, broker: AbstractRobustConnection) -> None:
        """Publish until :meth:`stop`; a server that is away is waited for."""
        while not self._stopping.is_set():
            try:
                await self._run_with_lock(broker)
            except (DBAPIError, *BROKER_ERRORS) as error:
                log.warning("relay_interrupted", error=type(error).__name__)
                await wait_at_most(_POLL_SECONDS, self._stopping)

    def stop(self) -> None:
        """Let the batch under way end, and :meth:`run` return."""
        self._stopping.set()
        self._wake.set()

    async def _run_with_lock(self, broker: AbstractRobustConnection) -> None:
        channel = await broker.channel(publisher_confirms=True, on_return_raises=True)
        listener = await asyncio.to_thread(self._open_listener)
        connection = await asyncio.to_thread(self._engine.connect)
        try:
            exchange = await declare_exchange(channel)
            while not self._stopping.is_set() and not await asyncio.to_thread(_lock, listener):
                await wait_at_most(_POLL_SECONDS, self._stopping)
            with self._listening(listener):
                await self._publish_for_ever(connection, exchange)
        finally:
            await asyncio.to_thread(connection.close)
            await asyncio.to_thread(listener.close)
            with contextlib.suppress(*BROKER_ERRORS):
                await channel.close()

    def _open_listener(self) -> Connection:
        return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    async def _publish_for_ever(self, connection: Connection, exchange: AbstractExchange) -> None:
        next_report = 0.0
        while not self._stopping.is_set():
            if self._lost:
                raise ConnectionError("the relay's lock has gone with its connection")
            self._wake.clear()
            if await self._publish_batch(connection, exchange) < _BATCH:
                await wait_at_most(_POLL_SECONDS, self._wake)
            if (now := asyncio.get_running_loop().time()) >= next_report:
                await asyncio.to_thread(self._report_and_clean, connection)
                next_report = now + 5

    async def _publish_batch(self, connection: Connection, exchange: AbstractExchange) -> int:
        rows = await asyncio.to_thread(_take, connection)
        if not rows:
            return 0
        try:
            outcomes = await self._publish_all(exchange, rows)
            refused = [(row, reason) for row, reason in zip(rows, outcomes, strict=True) if reason]
            sent = [row.id for row, reason in zip(rows, outcomes, strict=True) if not reason]
            await asyncio.to_thread(_settle, connection, sent, refused)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(connection.rollback))
            raise
        _SENT.inc(len(rows) - len(refused))
        for row, reason in refused:
            _REFUSED.labels(row.type).inc()
            log.error(
                "event_refused", event_id=str(row.event_id), type=row.type, reason=reason, attempts=row.attempts + 1
            )
        return len(rows) if not refused else 0

    async def _publish_all(self, exchange: AbstractExchange, rows: Sequence[Any]) -> list[str]:
        """Publish rows in their order, a limited number in flight; return what :meth:`_publish` said of each."""
        outcomes = [""] * len(rows)
        waiting = iter(enumerate(rows))

        async def one_after_another() -> None:
            for number, row in waiting:
                outcomes[number] = await self._publish(exchange, row)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_IN_FLIGHT, len(rows))):
                    group.create_task(one_after_another())
        except BaseExceptionGroup as errors:
            # one says enough; the others are cancelled, and publish nothing that the rollback frees
            raise errors.exceptions[0] from errors
        return outcomes

    async def _publish(self, exchange: AbstractExchange, row: Any) -> str:
        """Publish one row; return why the broker refused it, or an empty string."""
        routing_key = f"{self._service}.{row.type}"
        kind = telemetry.SpanKind.PRODUCER
        with telemetry.span(f"publish {routing_key}", kind=kind, parent=row.traceparent):
            return await self._publish_as(routing_key, exchange, row)

    async def _publish_as(self, routing_key: str, exchange: AbstractExchange, row: Any) -> str:
        traceparent = context.traceparent.get()
        message = aio_pika.Message(
            body=envelope(self._service, row, traceparent=traceparent),
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=str(row.event_id),
            type=f"shopsite.{routing_key}",
            app_id=self._service,
            headers={"traceparent": traceparent},
        )
        mandatory = contract_of(routing_key).consumed
        try:
            # not the timeout of `publish`, which costs a task of its own for each message
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await exchange.publish(message, routing_key, mandatory=mandatory)
        except DeliveryError as error:
            return f"{type(error).__name__}: no queue for {routing_key}"
        return ""

    @contextlib.contextmanager
    def _listening(self, listener: Connection) -> Iterator[None]:
        """Wake up at each notification. This connection does nothing else: whatever can be read on it is one."""
        listener.execute(text(f'LISTEN "{self._service}.{outbox.CHANNEL}"'))
        driver: Any = listener.connection.driver_connection
        loop, descriptor = asyncio.get_running_loop(), driver.fileno()
        self._lost = False

        def on_readable() -> None:
            try:
                driver.poll()
            except psycopg2.Error:
                # with this connection the lock has gone, too
                self._lost = True
                loop.remove_reader(descriptor)
            driver.notifies.clear()
            self._wake.set()

        loop.add_reader(descriptor, on_readable)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)

    def _report_and_clean(self, connection: Connection) -> None:
        with Session(connection) as session:
            count, age = outbox.backlog(session)
            outbox.delete_sent(session, older_than=self._keep)
            session.commit()
        _BACKLOG.set(count)
        _AGE.set(age)


def envelope(service: str, row: Any, *, traceparent: str) -> bytes:
    """Return the message body for an outbox row: a CloudEvents 1.0 document."""
    document = {
        "specversion": "1.0",
        "id": row.event_id,
        "source": f"/{service}",
        "type": f"shopsite.{service}.{row.type}",
        "subject": row.subject,
        "time": row.created_at,
        "datacontenttype": "application/json",
        "sequence": row.sequence,
        "traceparent": traceparent,
        "requestid": row.request_id,
        "data": row.data,
    }
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def _lock(connection: Connection) -> bool:
    # a session lock: it lives as long as this connection, so a relay that dies frees it
    statement = text("SELECT pg_try_advisory_lock(hashtextextended(current_schema() || :key, 0))")
    return bool(connection.execute(statement, {"key": _LOCK_KEY}).scalar())


def _take(connection: Connection) -> Sequence[Any]:
    with Session(connection) as session:
        rows = outbox.take_unsent(session, limit=_BATCH)
        if not rows:
            session.rollback()
            return rows
        # the locks stay until _settle commits: a second relay passes these rows by
        session.expunge_all()
        return rows


def _settle(connection: Connection, sent: list[int], refused: list[tuple[Any, str]]) -> None:
    with Session(connection) as session:
        if sent:
            outbox.mark_sent(session, sent)
        delays = {row.id: (min(timedelta(seconds=2**row.attempts), _MAX_RETRY_DELAY), why) for row, why in refused}
        outbox.mark_refused(session, delays)
        session.commit()
