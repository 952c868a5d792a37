"""How many messages wait in a service's own queues, and how many lie dead."""

from collections.abc import Sequence

from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from prometheus_client import Gauge

from shopsite_common.topology import Subscription

_WAITING = Gauge("shopsite_queue_messages", "Messages that wait in a queue", ["queue"])
_DEAD = Gauge("shopsite_dead_letters", "Messages that could not be handled, by the queue they came from", ["queue"])


async def measure(broker: AbstractRobustConnection, subscriptions: Sequence[Subscription]) -> None:
    """Ask the broker for each queue and its dead letters. What a consumer holds at the moment is not counted."""
    async with broker.channel() as channel:
        for subscription in subscriptions:
            _WAITING.labels(subscription.queue).set(await _count(channel, subscription.queue))
            _DEAD.labels(subscription.queue).set(await _count(channel, subscription.dead_queue))


async def _count(channel: AbstractChannel, name: str) -> int:
    queue = await channel.declare_queue(name, passive=True)
    return queue.declaration_result.message_count or 0
