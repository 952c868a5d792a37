"""The sender: leases due mails, hands them to the mail server over a few connections, writes down what became of each.

No transaction is open while the mail server is talked to. A process that dies between the server's answer and the
commit leaves a mail that is sent once more after its lease, under the same Message-ID.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from prometheus_client import Counter, Gauge
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from shopsite_common import context, telemetry
from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.logs import about, get_logger
from shopsite_notifications import service
from shopsite_notifications.clients import MailConnection, MailRefused, MailServerDown
from shopsite_notifications.deps import NotificationsResources
from shopsite_notifications.service import DueEmail
from shopsite_notifications.worker.letters import NothingToSend, write_letter

log = get_logger(__name__)

_MAILS = Counter("shopsite_emails_total", "Attempts to send a mail, by their end", ["kind", "outcome"])
_PENDING = Gauge("shopsite_emails_pending", "Mails that wait")
_OLDEST = Gauge("shopsite_emails_oldest_seconds", "For how long the oldest mail that waits has waited")
_FAILED = Gauge("shopsite_emails_failed", "Mails that were given up")
_DOWN = Gauge("shopsite_mail_server_down", "1 while the mail server cannot be used")

_BATCH = 100
_MAILS_A_CONNECTION = 10
_BATCH_SECONDS = 3.0  # then the rest is given back, so that a process which is told to stop ends in time
_SPARE_SECONDS = 3.0
_SETTLE_SECONDS = 120.0
_LONGEST_OUTAGE_PAUSE = 10.0


class Delivery:
    """Sends what is due. One of it a process; many processes share the queue by leases.

    Args:
        resources: database, templates, clients.
        monotonic: the clock of pauses, for tests.
    """

    def __init__(self, resources: NotificationsResources, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._resources = resources
        self._settings = resources.own_settings
        self._monotonic = monotonic
        # longer than a batch whose last connection and last mail both take all their time
        self._lease = timedelta(seconds=_BATCH_SECONDS + 2 * self._settings.email_timeout_seconds + _SPARE_SECONDS)
        self._resume_at = 0.0
        self._pause = 0.0

    async def deliver_due(self) -> int:
        """Send one batch; return how many mails were leased for it. While the mail server is down, none are."""
        if self._monotonic() < self._resume_at:
            return 0
        until = self._monotonic() + _BATCH_SECONDS
        due = await self._resources.db.run(
            service.claim_emails,
            now=utcnow(),
            lease=self._lease,
            limit=_BATCH,
            domain=self._settings.sender.domain,
        )
        if due:
            await self._send_all(deque(due), until)
        return len(due)

    async def sweep(self) -> None:
        """Drop what can't be delivered to anybody."""
        await self._resources.db.run(service.drop_undeliverable, now=utcnow(), deadline=self._settings.deadline)

    async def measure(self) -> None:
        """Measure what waits and what was given up."""
        waiting, waited, failed = await self._resources.db.run(service.measure_emails, now=utcnow())
        _PENDING.set(waiting)
        _OLDEST.set(waited.total_seconds())
        _FAILED.set(failed)

    async def _send_all(self, queue: deque[DueEmail], until: float) -> None:
        wanted = -(-len(queue) // _MAILS_A_CONNECTION)
        lanes = min(wanted, self._settings.email_connections)
        ends = await asyncio.gather(*(self._run_lane(queue, until) for _ in range(lanes)))
        outage = next((reason for reason in ends if reason), "")
        self._note_outage(outage)
        untried = [email.id for email in queue]
        if untried and outage:
            await self._settle(service.record_outage, ids=untried, error=outage, deadline=self._settings.deadline)
        elif untried:
            await self._resources.db.run(service.release_emails, ids=untried)

    async def _run_lane(self, queue: deque[DueEmail], until: float) -> str:
        """Send from the queue over one connection; return why the mail server is of no use, or an empty string."""
        try:
            async with self._resources.mail_server.connection() as connection:
                while queue and self._monotonic() < until:
                    await self._deliver(connection, queue.popleft())
        except MailServerDown as error:
            return str(error)
        return ""

    def _note_outage(self, reason: str) -> None:
        _DOWN.set(bool(reason))
        if not reason:
            self._pause = 0.0
            return
        self._pause = min(max(self._pause * 2, 1.0), _LONGEST_OUTAGE_PAUSE)
        self._resume_at = self._monotonic() + self._pause
        log.warning("mail_server_down", reason=reason, pause_seconds=self._pause)

    async def _deliver(self, connection: MailConnection, due: DueEmail) -> None:
        context.enter("", due.traceparent)
        about(order_id=due.order_id)
        with telemetry.span(f"mail {due.kind}", parent=due.traceparent):
            await self._hand_over(connection, due)

    async def _hand_over(self, connection: MailConnection, due: DueEmail) -> None:
        try:
            letter = await write_letter(self._resources, due, now=utcnow())
            await connection.send(letter.message, to=letter.to)
        except MailServerDown as error:
            await self._record_failure(due, str(error), "server_down")
            raise
        except MailRefused as error:
            await self._record_failure(due, str(error), "refused", permanent=error.permanent)
        except NothingToSend as error:
            await self._record_failure(due, str(error), "pointless", permanent=True)
        except Unavailable as error:
            await self._record_failure(due, error.message, "waiting")
        except Exception as error:  # one mail that can't be made must not hold up the others
            log.exception("email_not_made", email_id=str(due.id), kind=due.kind)
            await self._record_failure(due, f"{type(error).__name__}: {error}", "error")
        else:
            await self._settle(service.record_sent, email_id=due.id)
            _MAILS.labels(due.kind, "sent").inc()
            log.info("email_sent", email_id=str(due.id), kind=due.kind)

    async def _record_failure(self, due: DueEmail, error: str, outcome: str, *, permanent: bool = False) -> None:
        _MAILS.labels(due.kind, outcome).inc()
        log.warning("email_not_sent", email_id=str(due.id), kind=due.kind, outcome=outcome, permanent=permanent)
        await self._settle(
            service.record_failure,
            email_id=due.id,
            error=error,
            deadline=self._settings.deadline,
            permanent=permanent,
        )

    async def _settle(self, use_case: Callable[..., None], **values: Any) -> None:
        """Write down a mail's end; a database that is away is waited for, since the mail server will not forget."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_fixed(0.5),
            stop=stop_after_delay(_SETTLE_SECONDS),
            reraise=True,
        ):
            with attempt:
                await self._resources.db.run(use_case, now=utcnow(), **values)
