"""The worker process of a service: consumers, outbox relay and timers, with the same health routes as the API.

It is an ASGI application without endpoints of its own, so that one server (uvicorn) handles signals, draining and
health for both roles.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

from aio_pika.abc import AbstractRobustConnection
from fastapi import FastAPI
from prometheus_client import Counter

from shopsite_common import context, inbox, metrics, queue_depth, telemetry
from shopsite_common.app import version_of
from shopsite_common.broker import BROKER_ERRORS, connect
from shopsite_common.consumer import Consumer
from shopsite_common.dead_letters.office import DeadLetterOffice
from shopsite_common.dead_letters.repository import forget_erased
from shopsite_common.errors import Unavailable
from shopsite_common.health import health_router
from shopsite_common.invariants import OUTBOX_MOVES, RECOUNT_EVERY, Invariant, recount
from shopsite_common.logs import get_logger
from shopsite_common.relay import Relay
from shopsite_common.resources import Resources
from shopsite_common.settings import driver_url
from shopsite_common.topology import Subscription
from shopsite_common.waiting import wait_at_most

log = get_logger(__name__)

_FAILURES = Counter("shopsite_timer_failures_total", "Runs of a timer that failed", ["timer"])
_INBOX_KEEP = timedelta(days=30)
_MEASURE_EVERY = timedelta(seconds=10)
_RESTART_SECONDS = 1.0
_DEAD_LETTERS_EVERY = timedelta(seconds=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Timer:
    """Something done again and again. It must be safe to run in many processes at once: the write is the guard.

    Attributes:
        every: the pause between the end of a run and the next.
        action: one run; an error is logged and counted, and the next run comes all the same.
    """

    name: str
    every: timedelta
    action: Callable[[], Awaitable[object]]


class Worker:
    """Runs the background work of one service from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        resources: Resources,
        subscriptions: Sequence[Subscription],
        timers: Sequence[Timer],
        invariants: Sequence[Invariant] = (),
    ) -> None:
        settings = resources.settings
        self._resources = resources
        relay_url = (
            driver_url(settings.relay_database_url) if settings.relay_database_url else settings.service_database_url
        )
        self._relay = Relay(settings.service, relay_url, keep=timedelta(hours=settings.outbox_keep_hours))
        self._consumer = Consumer(resources.db, subscriptions, prefetch=settings.consumer_prefetch)
        self._subscriptions = subscriptions
        self._dead_letters = DeadLetterOffice(resources.db, subscriptions)
        self._timers = [
            *timers,
            Timer("delete-old-inbox", timedelta(hours=1), self._delete_old_inbox),
            Timer("measure-queues", _MEASURE_EVERY, self._measure_queues),
            Timer("recount", RECOUNT_EVERY, partial(recount, resources.db, (OUTBOX_MOVES, *invariants))),
            Timer("dead-letters", _DEAD_LETTERS_EVERY, self._tend_dead_letters),
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._broker: AbstractRobustConnection | None = None

    def start(self) -> None:
        """Begin; servers that aren't there yet are waited for."""
        self._tasks = [asyncio.create_task(self._run_messages())]
        self._tasks += [asyncio.create_task(self._run_timer(timer)) for timer in self._timers]

    async def stop(self) -> None:
        """Take no new work, end what is under way, close."""
        self._stopping.set()
        self._relay.stop()
        await self._consumer.stop()
        _, late = await asyncio.wait(self._tasks, timeout=15)
        for task in late:
            task.cancel()
        if self._broker is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                await self._broker.close()

    async def check_broker(self) -> None:
        """Tell whether the broker is connected.

        Raises:
            Unavailable: it isn't.
        """
        if self._broker is None or not self._broker.connected.is_set():
            raise Unavailable("The message broker is not connected.")

    async def _run_messages(self) -> None:
        broker = await self._persist("connection", self._connect)
        if broker is None:
            return
        await self._persist("consumer", partial(self._start_consumer, broker))
        await self._persist("relay", partial(self._relay.run, broker))

    async def _persist(self, part: str, step: Callable[[], Awaitable[T]]) -> T | None:
        """Take a step until it succeeds: nothing may end messages for good while the process looks healthy."""
        while not self._stopping.is_set():
            try:
                return await step()
            except Exception:
                log.exception("messages_interrupted", part=part)
                await wait_at_most(_RESTART_SECONDS, self._stopping)
        return None

    async def _connect(self) -> AbstractRobustConnection | None:
        settings = self._resources.settings
        connecting = asyncio.create_task(connect(settings.amqp_url, name=f"{settings.service}-worker"))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not connecting.done():
            connecting.cancel()
            return None
        self._broker = connecting.result()
        return self._broker

    async def _start_consumer(self, broker: AbstractRobustConnection) -> None:
        try:
            await self._consumer.start(broker)
        except Exception:
            await self._consumer.reset()
            raise

    async def _run_timer(self, timer: Timer) -> None:
        while not self._stopping.is_set():
            context.enter("", "")
            try:
                await timer.action()
            except Unavailable as error:
                _FAILURES.labels(timer.name).inc()
                log.warning("timer_waits", timer=timer.name, error=error.message)
            except Exception:
                _FAILURES.labels(timer.name).inc()
                log.exception("timer_failed", timer=timer.name)
            await wait_at_most(timer.every.total_seconds(), self._stopping)

    async def _measure_queues(self) -> None:
        if self._broker is not None and self._broker.connected.is_set():
            await queue_depth.measure(self._broker, self._resources.db, self._subscriptions)

    async def _delete_old_inbox(self) -> None:
        await self._resources.db.run(inbox.delete_old, older_than=_INBOX_KEEP)
        await self._resources.db.run(forget_erased, older_than=_INBOX_KEEP)

    async def _tend_dead_letters(self) -> None:
        if self._broker is not None and self._broker.connected.is_set():
            await self._dead_letters.tend(self._broker)


def create_worker(
    resources: Resources,
    subscriptions: Sequence[Subscription],
    timers: Sequence[Timer] = (),
    invariants: Sequence[Invariant] = (),
) -> FastAPI:
    """Return the worker of a service as an application for uvicorn."""
    settings = resources.settings
    version = version_of(settings.service)
    worker = Worker(resources, subscriptions, timers, invariants)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        figures = metrics.serving(
            settings.metrics_port, settings.bind_host, service=settings.service, role="worker", version=version
        )
        with telemetry.exporting(), figures:
            worker.start()
            yield
            await worker.stop()
            await resources.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False})
    probes = {"database": resources.db.ping, "broker": worker.check_broker}
    app.include_router(health_router(f"{settings.service}-worker", version, needed=probes))
    return app
