"""The worker process of the orders service: consumers, relay, and the timer that ends unpaid orders."""

from datetime import timedelta

from fastapi import FastAPI

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_common.worker import Timer, create_worker
from shopsite_orders.consumers import HANDLERS
from shopsite_orders.deps import OrdersResources
from shopsite_orders.service import steps
from shopsite_orders.settings import Settings


def create() -> FastAPI:
    """Return the worker, with its settings read from the environment."""
    settings = Settings()
    resources = OrdersResources(settings)

    async def cancel_overdue() -> None:
        found = steps.BATCH
        while found == steps.BATCH:  # a full batch: there may be more
            found = await resources.db.run(steps.cancel_overdue, now=utcnow())

    async def delete_old_answers() -> None:
        keep = timedelta(hours=settings.idempotency_hours)
        await resources.db.run(idempotency.delete_expired, keep=keep)

    timers = (
        Timer("cancel-overdue-orders", timedelta(seconds=settings.expiry_check_seconds), cancel_overdue),
        Timer("delete-old-answers", timedelta(hours=1), delete_old_answers),
    )
    return create_worker(resources, HANDLERS, timers)
