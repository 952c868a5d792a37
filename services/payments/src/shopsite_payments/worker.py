"""The worker process: events, webhooks that wait, open transactions, refunds, the daily comparison."""

from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from prometheus_client import Gauge

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_common.invariants import Invariant
from shopsite_common.worker import Timer, create_worker
from shopsite_payments.consumers import HANDLERS
from shopsite_payments.deps.notices import work_on_webhooks
from shopsite_payments.deps.reconciling import reconcile_daily
from shopsite_payments.deps.refunding import advance_refunds
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.deps.settling import verify_due
from shopsite_payments.service import queries, refunds, webhooks
from shopsite_payments.settings import Settings

_PAYMENTS = Gauge("shopsite_payments", "Payments by their status", ["status"])
_REFUNDS = Gauge("shopsite_refunds", "Refunds by their status", ["status"])
_WEBHOOKS = Gauge("shopsite_payments_webhooks_waiting", "Stored webhooks that are not worked on yet")


def create() -> FastAPI:
    """Return the worker of payments."""
    desk = PaymentsResources(Settings())
    return create_worker(desk, HANDLERS, timers_of(desk), INVARIANTS)


INVARIANTS = (
    Invariant("webhooks_worked_on", webhooks.list_forgotten),
    Invariant("refunds_asked_for", refunds.list_forgotten),
)


def timers_of(desk: PaymentsResources) -> list[Timer]:
    """Return what is done again and again; each is safe to run in many processes, for it takes its work by a write."""
    return [
        Timer("work-on-webhooks", timedelta(seconds=0.3), partial(work_on_webhooks, desk)),
        Timer("verify-open-attempts", desk.settings.look_every, partial(verify_due, desk)),
        Timer("advance-refunds", timedelta(seconds=1), partial(advance_refunds, desk)),
        Timer("reconcile-daily", timedelta(minutes=30), partial(reconcile_daily, desk)),
        Timer("measure-payments", timedelta(seconds=15), partial(measure_payments, desk)),
        Timer("delete-old", timedelta(hours=1), partial(delete_old, desk)),
    ]


async def delete_old(desk: PaymentsResources) -> None:
    """Delete kept answers and raw webhooks whose time is over."""
    settings = desk.settings
    await desk.db.run(idempotency.delete_expired, keep=timedelta(hours=settings.idempotency_hours))
    before = utcnow() - timedelta(days=settings.payment_webhook_keep_days)
    await desk.db.run(webhooks.delete_old_webhooks, before=before)


async def measure_payments(desk: PaymentsResources) -> None:
    """Measure where payments and refunds stand, and what waits."""
    payments, refunds, waiting = await desk.db.run(queries.measure_payments)
    for status, count in payments.items():
        _PAYMENTS.labels(status).set(count)
    for status, count in refunds.items():
        _REFUNDS.labels(status).set(count)
    _WEBHOOKS.set(waiting)
