"""How many messages wait in a service's own queues, and how many lie dead."""

from collections.abc import Sequence

from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from prometheus_client import Gauge

from shopsite_common.db import Database
from shopsite_common.dead_letters.repository import count_by_queue
from shopsite_common.topology import Subscription

_WAITING = Gauge("shopsite_queue_messages", "Messages that wait in a queue", ["queue"])
_DEAD = Gauge("shopsite_dead_letters", "Messages that could not be handled, by the queue they came from", ["queue"])


async def measure(broker: AbstractRobustConnection, db: Database, subscriptions: Sequence[Subscription]) -> None:
    """Ask the broker for each queue, and broker and table for its dead letters.

    What a consumer holds at the moment is not counted.
    """
    kept = await db.run(count_by_queue)
    async with broker.channel() as channel:
        for subscription in subscriptions:
            _WAITING.labels(subscription.queue).set(await _count(channel, subscription.queue))
            _DEAD.labels(subscription.queue).set(
                await _count(channel, subscription.dead_queue) + kept.get(subscription.queue, 0)
            )


async def _count(channel: AbstractChannel, name: str) -> int:
    queue = await channel.declare_queue(name, passive=True)
    return queue.declaration_result.message_count or 0
