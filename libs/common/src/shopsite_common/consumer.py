"""The consumer: an event, its handler and its inbox row in one transaction; the acknowledgement after the commit.

What goes wrong is told apart. While the database or another server is down, the message is held and tried again:
nothing climbs the ladder because of an outage. A handler's own failure climbs it, step by step, and ends in the queue
of dead letters with its reason. What can't be decoded goes there at once.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue, AbstractRobustChannel, AbstractRobustConnection
from prometheus_client import Counter, Histogram
from sqlmodel import Session

from shopsite_common import context, dead_letters, inbox, telemetry
from shopsite_common.broker import BROKER_ERRORS
from shopsite_common.db import Database
from shopsite_common.errors import Unavailable
from shopsite_common.events import CustomerDeleted, Event, UnknownEvent, decode
from shopsite_common.logs import about, get_logger
from shopsite_common.topology import ATTEMPT_HEADER, LADDER, REASON_HEADER, Subscription, retry_exchange
from shopsite_common.waiting import wait_at_most

log = get_logger(__name__)

_HANDLED = Counter("shopsite_events_handled_total", "Events by their end", ["handler", "outcome"])
_SECONDS = Histogram("shopsite_event_seconds", "Time from an event's creation to its effect", ["handler"])
_MAX_PAUSE_SECONDS = 5.0
_HAND_BACK_SECONDS = 1.0


class Consumer:
    """Feeds the handlers of one service from their queues.

    Args:
        db: where the effects and the inbox are.
        subscriptions: the service's ``HANDLERS`` table.
        prefetch: how many messages of one queue are under way at the same time.
    """

    def __init__(self, db: Database, subscriptions: Sequence[Subscription], *, prefetch: int = 16) -> None:
        self._db = db
        self._subscriptions = subscriptions
        self._prefetch = prefetch
        self._running: set[asyncio.Task[None]] = set()
        self._consuming: list[tuple[AbstractQueue, str]] = []
        self._channels: list[AbstractRobustChannel] = []
        self._stopping = asyncio.Event()

    async def start(self, broker: AbstractRobustConnection) -> None:
        """Begin to consume every queue, each over a channel of its own, so that none waits for another."""
        for subscription in self._subscriptions:
            channel = await broker.channel(publisher_confirms=True, on_return_raises=True)
            await channel.set_qos(self._prefetch)
            queue = await channel.get_queue(subscription.queue, ensure=True)
            tag = await queue.consume(self._callback(subscription, channel))
            self._channels.append(channel)
            self._consuming.append((queue, tag))

    async def reset(self) -> None:
        """Forget a start that failed half way, so that it can be tried again."""
        for channel in self._channels:
            with contextlib.suppress(*BROKER_ERRORS):
                await channel.close()
        self._channels.clear()
        self._consuming.clear()

    async def stop(self) -> None:
        """Take no further message, let those under way end, and hand back the rest."""
        self._stopping.set()
        with contextlib.suppress(*BROKER_ERRORS):
            await asyncio.gather(*(queue.cancel(tag, timeout=2) for queue, tag in self._consuming))
        if self._running:
            await asyncio.wait(self._running, timeout=20)
        await self.reset()

    def _callback(self, subscription: Subscription, channel: Any) -> Any:
        async def on_message(message: AbstractIncomingMessage) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            try:
                await self._receive(subscription, channel, message)
            except Exception as error:
                log.warning(
                    "acknowledgement_lost", handler=subscription.queue, error=type(error).__name__, exc_info=error
                )
                await self._hand_back(message)

        return on_message

    async def _hand_back(self, message: AbstractIncomingMessage) -> None:
        """Return a message whose end the broker may not know; the inbox knows what was done.

        If the channel went away under us the broker delivers again by itself. If it is still there, a message that
        nobody answers for would take one of its places for ever.
        """
        await wait_at_most(_HAND_BACK_SECONDS, self._stopping)
        with contextlib.suppress(*BROKER_ERRORS):
            await message.nack(requeue=True)

    async def _receive(self, subscription: Subscription, channel: Any, message: AbstractIncomingMessage) -> None:
        try:
            event = decode(message.body)
        except UnknownEvent as error:
            log.warning("event_undecodable", handler=subscription.queue, error=str(error)[:200])
            _HANDLED.labels(subscription.queue, "undecodable").inc()
            await message.reject(requeue=False)
            return
        context.enter(event.requestid, event.traceparent)
        context.consumed.set(event.type.removeprefix("shopsite."))
        about(order_id=getattr(event.data, "order_id", None))
        kind = telemetry.SpanKind.CONSUMER
        with telemetry.span(f"consume {subscription.queue}", kind=kind, parent=event.traceparent) as span:
            await self._take(subscription, channel, message, event, span)

    async def _take(
        self,
        subscription: Subscription,
        channel: Any,
        message: AbstractIncomingMessage,
        event: Event[Any],
        span: telemetry.Span,
    ) -> None:
        try:
            await self._handle(subscription, event)
        except _Stopped:
            await message.nack(requeue=True)
        except Exception as error:
            telemetry.fail(span, type(error).__name__)
            log.exception("event_failed", handler=subscription.queue, event_id=str(event.id), type=event.type)
            await _climb(subscription, channel, message, f"{type(error).__name__}: {error}"[:500])
        else:
            await message.ack()

    async def _handle(self, subscription: Subscription, event: Event[Any]) -> None:
        """Run the handler once; wait out an outage of what it needs."""
        pause = 0.1
        while True:
            try:
                outcome = await self._db.run(apply, subscription=subscription, event=event)
            except Unavailable:
                await self._wait(pause)
                pause = min(pause * 2, _MAX_PAUSE_SECONDS)
                continue
            _HANDLED.labels(subscription.queue, outcome).inc()
            log.info("event_handled", handler=subscription.queue, event_id=str(event.id), outcome=outcome)
            if outcome == "done":
                _SECONDS.labels(subscription.queue).observe((datetime.now(UTC) - event.time).total_seconds())
            return

    async def _wait(self, seconds: float) -> None:
        await wait_at_most(seconds, self._stopping)
        if self._stopping.is_set():
            raise _Stopped


class _Stopped(Exception):
    """The process ends while a message waits for a server: it goes back to its queue."""


def apply(session: Session, *, subscription: Subscription, event: Event[Any]) -> str:
    """Give an event to its handler, unless it had it before; both in the caller's transaction.

    Returns:
        ``done``, or ``duplicate`` when nothing happened.
    """
    if not inbox.first_time(session, event_id=event.id, handler=subscription.name):
        return "duplicate"
    if isinstance(event.data, CustomerDeleted):
        # here and not in each handler: nobody who hears of an erasure may forget the letters
        dead_letters.forget_customer(session, customer_id=event.data.customer_id)
    subscription.handler(session, event)
    return "done"


async def _climb(subscription: Subscription, channel: Any, message: AbstractIncomingMessage, reason: str) -> None:
    """Send the message to the next step of the ladder, or to the dead letters after the last; then let go of it."""
    attempt = int(str(message.headers.get(ATTEMPT_HEADER, 0)))
    copy = aio_pika.Message(
        body=message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
        app_id=message.app_id,
        headers={**message.headers, ATTEMPT_HEADER: attempt + 1, REASON_HEADER: reason},
    )
    if attempt < len(LADDER):
        exchange = await channel.get_exchange(retry_exchange(attempt), ensure=False)
        await exchange.publish(copy, subscription.queue, timeout=10)
        _HANDLED.labels(subscription.queue, "retried").inc()
    else:
        await channel.default_exchange.publish(copy, subscription.dead_queue, timeout=10)
        _HANDLED.labels(subscription.queue, "dead").inc()
        log.error("event_dead", handler=subscription.queue, message_id=message.message_id, reason=reason)
    await message.ack()
