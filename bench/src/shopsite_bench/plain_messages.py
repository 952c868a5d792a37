"""The plainest use of aio-pika: messages into a durable quorum queue and out of it. What messages cost at the least."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from shopsite_bench.case import Figures

IN_FLIGHT = 100
QUEUE = "bench.plain"


def publish(url: str, body: bytes, count: int) -> Figures:
    """Publishes so many messages with confirms, a hundred in flight, and returns the `rate`."""
    return uvloop.run(_publish(url, body, count))


def consume(url: str, body: bytes, count: int) -> Figures:
    """Puts so many messages into a queue, then takes and acknowledges them, and returns the `rate` of that."""
    return uvloop.run(_consume(url, body, count))


@contextlib.asynccontextmanager
async def _queue(url: str) -> AsyncIterator[tuple[aio_pika.abc.AbstractChannel, AbstractQueue]]:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        try:
            yield channel, queue
        finally:
            await queue.delete(if_unused=False, if_empty=False)


async def _publish(url: str, body: bytes, count: int) -> Figures:
    async with _queue(url) as (channel, _):
        began = time.monotonic()
        await _send(channel, body, count)
        return {"rate": count / (time.monotonic() - began)}


async def _send(channel: aio_pika.abc.AbstractChannel, body: bytes, count: int) -> None:
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for _ in numbers:
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, QUEUE)

    await asyncio.gather(*(one_after_another() for _ in range(IN_FLIGHT)))


async def _consume(url: str, body: bytes, count: int) -> Figures:
    async with _queue(url) as (channel, queue):
        await _send(channel, body, count)
        await channel.set_qos(IN_FLIGHT)
        left, done = count, asyncio.Event()

        async def take(message: AbstractIncomingMessage) -> None:
            nonlocal left
            await message.ack()
            left -= 1
            if not left:
                done.set()

        began = time.monotonic()
        tag = await queue.consume(take)
        await done.wait()
        taken = time.monotonic() - began
        await queue.cancel(tag)
        return {"rate": count / taken}
