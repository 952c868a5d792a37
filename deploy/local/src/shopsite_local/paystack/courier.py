"""Sends webhooks and moves refunds on, each at its time, over restarts too."""

import asyncio
import contextlib
import time

import httpx

from shopsite_local.paystack import refunds, repository
from shopsite_local.paystack.domain import retry_seconds
from shopsite_local.paystack.models import Delivery
from shopsite_local.paystack.simulator import Simulator
from shopsite_local.paystack.store import unit

PAYSTACK_TIMEOUT_SECONDS = 30
LEAST_TIMEOUT_SECONDS = 5
"""Paystack's 30 s on the simulator's time scale would be shorter than a busy machine needs."""
AT_ONCE = 20


class Courier:
    """One task that wakes when something is due; `transport` is for tests."""

    def __init__(self, simulator: Simulator, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._simulator = simulator
        self._wake = asyncio.Event()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: dict[int, asyncio.Task[None]] = {}
        scaled = PAYSTACK_TIMEOUT_SECONDS / simulator.options.time_scale
        # Proxies of the environment are for the outside; the shop is on this machine or in this cluster.
        self._client = httpx.AsyncClient(
            transport=transport, timeout=max(scaled, LEAST_TIMEOUT_SECONDS), trust_env=False
        )
        simulator.on_due = self._wake.set

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            self._wake.clear()
            refunds.advance(self._simulator)
            for delivery in self._due():
                self._start(delivery)
            # asyncio.wait_for would lose a cancellation that meets the wake-up (Python 3.11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_next()):
                    await self._wake.wait()

    async def close(self) -> None:
        """Stops what is being sent; it is sent again after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.aclose()

    async def flush(self, reference: str) -> None:
        """Sends at once what waits for one reference, and returns when each was tried."""
        where = {"state = ?": "waiting", "reference = ?": reference}
        waiting = repository.list_deliveries(self._simulator.db, where)
        await asyncio.gather(*(self._start(delivery) for delivery in waiting))

    async def send_now(self, delivery_id: int) -> Delivery:
        """Sends one webhook at once and returns what became of it."""
        await self._start(self._find(delivery_id))
        return self._find(delivery_id)

    def _find(self, delivery_id: int) -> Delivery:
        return repository.list_deliveries(self._simulator.db, {"id = ?": delivery_id})[0]

    def _due(self) -> list[Delivery]:
        due = repository.list_deliveries(self._simulator.db, {"next_at <= ?": self._simulator.now()})
        return [delivery for delivery in reversed(due) if delivery.id not in self._under_way]

    def _seconds_to_next(self) -> float | None:
        times = (
            repository.next_due(self._simulator.db, "deliveries", besides=list(self._under_way)),
            repository.next_due(self._simulator.db, "refunds"),
        )
        known = [moment for moment in times if moment is not None]
        return max(0.0, min(known) - self._simulator.now()) if known else None

    def _start(self, delivery: Delivery) -> asyncio.Task[None]:
        running = self._under_way.get(delivery.id)
        if running:
            return running
        task = asyncio.create_task(self._send(delivery))
        self._under_way[delivery.id] = task
        task.add_done_callback(lambda _done: self._finished(delivery.id))
        return task

    def _finished(self, delivery_id: int) -> None:
        self._under_way.pop(delivery_id, None)
        self._wake.set()

    async def _send(self, delivery: Delivery) -> None:
        async with self._places:
            started = time.perf_counter()
            status, error = await self._post(delivery)
            self._record(delivery, status, error, round((time.perf_counter() - started) * 1000))

    async def _post(self, delivery: Delivery) -> tuple[int | None, str | None]:
        host = self._simulator.options.webhook_host
        headers = {"content-type": "application/json", "x-paystack-signature": delivery.signature}
        headers |= {"host": host} if host else {}
        try:
            answer = await self._client.post(delivery.url, content=delivery.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, f"{type(error).__name__}: {error}"
        return answer.status_code, None

    def _record(self, delivery: Delivery, status: int | None, error: str | None, milliseconds: int) -> None:
        """Keeps the outcome; anything but a 200 is a failed try."""
        db, now = self._simulator.db, self._simulator.now()
        tries, delivered = delivery.tries + 1, status == httpx.codes.OK
        wait = None if delivered else retry_seconds(tries, scale=self._simulator.options.time_scale)
        state = "delivered" if delivered else "failed" if wait is None else "waiting"
        with unit(db):
            outcome = {"at": now, "status_code": status, "error": error, "milliseconds": milliseconds}
            repository.insert(db, "tries", {"delivery_id": delivery.id, **outcome})
            next_at = None if wait is None else now + wait
            repository.update(db, "deliveries", delivery.id, state=state, tries=tries, next_at=next_at)
