"""Working on stored webhooks: right after the answer in the API, and swept by the worker."""

import asyncio
from datetime import timedelta
from uuid import UUID

import orjson
from prometheus_client import Counter

from shopsite_common import context, telemetry
from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger
from shopsite_payments.deps.refunding import look_at_refunds
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.payments import webhook_pause
from shopsite_payments.domain.webhooks import CHARGE_SUCCEEDED, DISPUTE_PREFIX, REFUND_PREFIX, Notice, read_notice
from shopsite_payments.errors import PaystackUnavailable, UnknownReference
from shopsite_payments.repository.webhooks import WebhookTask
from shopsite_payments.service import webhooks

log = get_logger(__name__)

_WORKED_ON = Counter("shopsite_payments_webhooks_total", "Webhooks by event and what came of them", ["event", "end"])
_BATCH = 8
_MOST_IN_BACKGROUND = 8
# how long the work of a process that died is left lying; two that work on the same webhook do no harm
_LEASE = timedelta(seconds=10)
_DOUBT_TRIES = 10


def work_soon(desk: PaymentsResources, webhook_id: UUID) -> None:
    """Work on a webhook after the answer has gone; under a flood the worker's sweep does it."""
    if len(desk.background) < _MOST_IN_BACKGROUND:
        task = asyncio.create_task(_work_on_one(desk, webhook_id))
        desk.background.add(task)
        task.add_done_callback(desk.background.discard)


async def _work_on_one(desk: PaymentsResources, webhook_id: UUID) -> None:
    try:
        await work_on_webhooks(desk, only=webhook_id)
    except Unavailable as error:
        log.warning("webhook_left_to_worker", webhook_id=str(webhook_id), error=error.code)


async def work_on_webhooks(desk: PaymentsResources, *, only: UUID | None = None) -> None:
    """Work on every stored webhook whose time has come, or on the one named."""
    while tasks := await desk.db.run(webhooks.take_webhooks, now=utcnow(), lease=_LEASE, limit=_BATCH, only=only):
        await asyncio.gather(*(_work_on(desk, task) for task in tasks))
        if len(tasks) < _BATCH:
            return


async def _work_on(desk: PaymentsResources, task: WebhookTask) -> None:
    notice = read_notice(orjson.loads(task.body))
    if notice is None:  # was checked before it was stored
        raise ValueError(f"webhook {task.webhook_id} holds no event")
    context.enter("", task.traceparent)
    with telemetry.span("work on webhook", parent=task.traceparent, attributes={"webhook": notice.event}):
        await _finish(desk, notice, task)


async def _finish(desk: PaymentsResources, notice: Notice, task: WebhookTask) -> None:
    try:
        outcome = await _act(desk, notice, task)
    except Exception as error:  # noqa: BLE001 - one webhook must not stop the others; it is tried again
        await _postpone(desk, task, notice, error)
    else:
        _WORKED_ON.labels(notice.event, "done").inc()
        await desk.db.run(
            webhooks.finish_webhook,
            webhook_id=task.webhook_id,
            reference=notice.reference,
            outcome=outcome,
            now=utcnow(),
        )


async def _postpone(desk: PaymentsResources, task: WebhookTask, notice: Notice, error: Exception) -> None:
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, Unavailable):
        log.warning("webhook_waits", webhook_id=str(task.webhook_id), webhook=notice.event, reason=reason[:200])
    else:
        log.error("webhook_failed", webhook_id=str(task.webhook_id), webhook=notice.event, exc_info=error)
    _WORKED_ON.labels(notice.event, "postponed").inc()
    until = utcnow() + webhook_pause(task.tries)
    await desk.db.run(webhooks.postpone_webhook, webhook_id=task.webhook_id, reason=reason, until=until)


async def _act(desk: PaymentsResources, notice: Notice, task: WebhookTask) -> str:
    """Do what an event asks for; return what came of it."""
    try:
        if notice.event == CHARGE_SUCCEEDED:
            return await _settle(desk, notice, task)
        if notice.event.startswith(REFUND_PREFIX):
            await settle(desk, notice.reference, "webhook")  # a refund may overtake the news of its charge
            await look_at_refunds(desk, notice.reference)
            return "refunds looked at"
        if notice.event.startswith(DISPUTE_PREFIX):
            await settle(desk, notice.reference, "webhook")
            is_new = await desk.db.run(webhooks.record_dispute, notice=notice, now=utcnow())
            return "dispute recorded" if is_new else "dispute updated"
    except UnknownReference:
        return _unknown(notice)
    return "ignored"


def _unknown(notice: Notice) -> str:
    """Somebody paid this account for something that is no attempt of ours: an operator has to know."""
    log.error("webhook_reference_unknown", webhook=notice.event, reference=notice.reference)
    return "unknown reference"


async def _settle(desk: PaymentsResources, notice: Notice, task: WebhookTask) -> str:
    standing = await settle(desk, notice.reference, "webhook")
    if not standing.settled and task.tries < _DOUBT_TRIES:
        raise PaystackUnavailable("Paystack's event and its verification are not at one yet.")
    return f"payment {standing.status.value}"
