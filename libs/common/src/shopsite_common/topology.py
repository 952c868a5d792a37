"""What exists on the broker: the exchange, a queue a handler, its dead letters, and the shared retry ladder.

Everything is durable and every queue a quorum queue: that set works alike from RabbitMQ 3.10 to 4.x. Each service's
``migrate`` declares its part before any process of it runs; declaring again changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue
from pamqp.common import FieldTable
from sqlmodel import Session

from shopsite_common.events import EXCHANGE, Event, EventData

LADDER = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))
ATTEMPT_HEADER = "shopsite-attempt"
REASON_HEADER = "shopsite-reason"
_DELIVERY_LIMIT = 200  # redeliveries after crashes; a handler's own failures are counted by the ladder

Handler = Callable[[Session, Event[Any]], None]


@dataclass(frozen=True)
class Subscription:
    """A handler, the queue that feeds it, and what that queue is bound to."""

    service: str
    handler: Handler
    events: tuple[type[EventData], ...]

    @property
    def name(self) -> str:
        """The handler's name within its service: ``on_order_created``."""
        return self.handler.__name__

    @property
    def queue(self) -> str:
        """The queue's name: ``catalog.on_order_created``."""
        return f"{self.service}.{self.name}"

    @property
    def dead_queue(self) -> str:
        """Where what can't be handled lies until the worker's office of dead letters takes it in."""
        return f"{self.queue}.dead"


def retry_exchange(step: int) -> str:
    """Return the name of the exchange (and queue) of one step of the ladder: ``shopsite.retry.60s``."""
    return f"shopsite.retry.{int(LADDER[step].total_seconds())}s"


async def declare(channel: AbstractChannel, subscriptions: Iterable[Subscription]) -> None:
    """Declare everything that the subscriptions need. Bindings are only added, so old releases keep theirs."""
    events = await declare_exchange(channel)
    await _declare_ladder(channel)
    for subscription in subscriptions:
        await _declare_queue(channel, events, subscription)


async def declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    """Declare the one exchange that all events go through."""
    return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def _declare_ladder(channel: AbstractChannel) -> None:
    # a fan-out keeps the routing key, which is the name of the queue that the message came from; when its time is over
    # the message leaves by the default exchange under that same key, and so is back where it was
    for step, delay in enumerate(LADDER):
        name = retry_exchange(step)
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
        arguments: FieldTable = {
            "x-queue-type": "quorum",
            "x-message-ttl": int(delay.total_seconds() * 1000),
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        queue = await channel.declare_queue(name, durable=True, arguments=arguments)
        await queue.bind(exchange)


async def declare_dead_queue(channel: AbstractChannel, subscription: Subscription) -> AbstractQueue:
    """Declare the queue of what a handler could not take; the result tells how many messages lie there."""
    return await channel.declare_queue(subscription.dead_queue, durable=True, arguments={"x-queue-type": "quorum"})


async def _declare_queue(channel: AbstractChannel, events: AbstractExchange, subscription: Subscription) -> None:
    await declare_dead_queue(channel, subscription)
    queue = await channel.declare_queue(
        subscription.queue,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": subscription.dead_queue,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-delivery-limit": _DELIVERY_LIMIT,
        },
    )
    for event in subscription.events:
        await queue.bind(events, routing_key=event.binding_key())
