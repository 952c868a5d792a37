"""The worker's office of dead letters: brings in what has died, and sends back what is to be replayed.

Both ways the safe order: in, the commit comes before the acknowledgement; out, the broker's confirm before the delete.
A process that dies in between does it once more. A letter twice in is one row, and twice out the inbox bears.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from aio_pika.exceptions import DeliveryError

from shopsite_common.broker import BROKER_ERRORS
from shopsite_common.db import Database
from shopsite_common.dead_letters import repository, service
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger
from shopsite_common.topology import Subscription, declare_dead_queue

log = get_logger(__name__)

_LEASE = timedelta(seconds=30)
_BATCH = 100
_PUBLISH_SECONDS = 8.0


class DeadLetterOffice:
    """Tends the dead letters of one service's queues.

    Args:
        db: where they are kept.
        subscriptions: the service's ``HANDLERS`` table; letters of a queue that no handler reads stay in the broker.
    """

    def __init__(self, db: Database, subscriptions: Sequence[Subscription]) -> None:
        self._db = db
        self._subscriptions = subscriptions

    async def tend(self, broker: AbstractRobustConnection) -> None:
        """Bring in and send back what there is.

        Raises:
            Unavailable: the broker or the database is away.
        """
        try:
            async with broker.channel(publisher_confirms=True, on_return_raises=True) as channel:
                await self._send_back(channel)
                for subscription in self._subscriptions:
                    await self._bring_in(channel, subscription)
        except BROKER_ERRORS as error:
            raise Unavailable("The message broker is not connected.") from error

    async def _bring_in(self, channel: AbstractChannel, subscription: Subscription) -> None:
        # its answer tells how many lie there; reading an empty quorum queue would cost a write of the broker's log
        queue = await declare_dead_queue(channel, subscription)
        for _ in range(queue.declaration_result.message_count or 0):
            message = await queue.get(fail=False, timeout=5)
            if message is None:
                return
            letter = read_letter(subscription.queue, message.body, message.headers)
            await self._db.run(service.keep_letter, letter=letter)
            await message.ack()
            log.warning(
                "dead_letter_kept", handler=letter.queue, event_id=str(letter.event_id), event_type=letter.event
            )

    async def _send_back(self, channel: AbstractChannel) -> None:
        # done first: with a database that is away, this fails before a message is taken from the broker
        for row in await self._db.run(repository.claim_due, lease=_LEASE, limit=_BATCH):
            if await _published(channel, row):
                await self._db.run(repository.delete_sent_back, row.id, deaths=row.deaths)
                log.info("dead_letter_replayed", handler=row.queue, event_id=str(row.event_id))
            else:
                reason = f"no queue {row.queue} on the broker"
                await self._db.run(repository.return_to_waiting, row.id, reason=reason)
                log.error("dead_letter_refused", handler=row.queue, reason=reason)


async def _published(channel: AbstractChannel, row: Any) -> bool:
    """Publish a letter to its queue; tell whether the queue has it."""
    try:
        await channel.default_exchange.publish(_message(row), row.queue, timeout=_PUBLISH_SECONDS)
    except DeliveryError:
        return False
    return True


def _message(row: Any) -> aio_pika.Message:
    """Return the letter without its headers, so that it has all its attempts anew."""
    return aio_pika.Message(
        body=row.body,
        content_type="application/cloudevents+json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(row.event_id) if row.event_id else None,
        type=f"shopsite.{row.event}" if row.event else None,
    )
