"""The worker process of the orders service: consumers, relay, and the timer that ends unpaid orders."""

from datetime import timedelta

from fastapi import FastAPI
from prometheus_client import Gauge

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_common.invariants import Invariant
from shopsite_common.worker import Timer, create_worker
from shopsite_orders.consumers import HANDLERS
from shopsite_orders.deps import OrdersResources
from shopsite_orders.service import sales, steps
from shopsite_orders.settings import Settings

_ORDERS = Gauge("shopsite_orders", "Orders by their status", ["status"])
_REVENUE = Gauge("shopsite_revenue", "What was paid since the shop began, less refunds, in its currency", ["currency"])
_MEASURE_EVERY = timedelta(seconds=15)


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

    async def measure_sales() -> None:
        counts, revenue = await resources.db.run(sales.measure_sales)
        for status, count in counts.items():
            _ORDERS.labels(status).set(count)
        _REVENUE.labels(settings.shop_currency).set(float(revenue))

    timers = (
        Timer("cancel-overdue-orders", timedelta(seconds=settings.expiry_check_seconds), cancel_overdue),
        Timer("measure-sales", _MEASURE_EVERY, measure_sales),
        Timer("delete-old-answers", timedelta(hours=1), delete_old_answers),
    )
    return create_worker(resources, HANDLERS, timers, (Invariant("orders_end_in_time", steps.list_forgotten),))
