"""The worker process: consumers, outbox relay, and what is done again and again."""

from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI
from prometheus_client import Gauge
from redis.exceptions import RedisError

from shopsite_catalog.consumers import HANDLERS
from shopsite_catalog.deps import LIST_VERSION, CatalogResources, detail_version
from shopsite_catalog.service import caches, images, reservations, stock
from shopsite_catalog.settings import Settings
from shopsite_common.errors import Unavailable
from shopsite_common.invariants import Invariant
from shopsite_common.worker import Timer, create_worker

_ON_SALE = Gauge("shopsite_products", "Products on sale")
_SOLD_OUT = Gauge("shopsite_products_out_of_stock", "Products on sale of which nothing is left")
_BATCH = 50
_MARKS = 1000


def create() -> FastAPI:
    """Return catalog's worker."""
    own = CatalogResources(Settings())
    return create_worker(own, HANDLERS, timers_of(own), (Invariant("stock_ledger", stock.list_miscounted),))


def timers_of(own: CatalogResources) -> tuple[Timer, ...]:
    """Return what is done again and again."""
    return (
        Timer("expire-reservations", timedelta(seconds=5), lambda: expire_reservations(own)),
        Timer("refresh-caches", timedelta(seconds=0.4), lambda: refresh_caches(own)),
        Timer("destroy-pictures", timedelta(seconds=15), lambda: destroy_pictures(own)),
        Timer("measure-stock", timedelta(seconds=15), lambda: measure_stock(own)),
        Timer("give-up-uploads", timedelta(minutes=2), lambda: own.db.run(images.give_up_uploads)),
    )


async def expire_reservations(own: CatalogResources) -> int:
    """Give stock back that was held for orders that never came; return for how many.

    Orders is asked first, with no transaction open: only an id that can't become an order any more frees its stock.

    Raises:
        Unavailable: orders gives no answer; the reservations stay.
    """
    freed = 0
    for order_id in await own.db.run(reservations.list_expired, limit=_BATCH):
        freed += await _expire(own, order_id)
    return freed


async def _expire(own: CatalogResources, order_id: UUID) -> bool:
    voided = await own.orders.void(order_id)
    await own.db.run(reservations.expire_reservation if voided else reservations.confirm_reservation, order_id=order_id)
    return voided


async def refresh_caches(own: CatalogResources) -> int:
    """Tell the caches what changed; return of how many notes they heard.

    Writes of staff have told them already, unless their process died just then; what orders did to the stock is told
    here, together for all orders of the moment, so that a rush of sales does not empty the lists with each of them.
    """
    marks = await own.db.run(caches.list_cache_marks, limit=_MARKS)
    if not marks:
        return 0
    try:
        await own.answers.touch(LIST_VERSION, *{detail_version(mark.product_id) for mark in marks})
    except (RedisError, OSError) as error:
        raise Unavailable("The cache cannot be told of changes.") from error
    await own.db.run(caches.forget_cache_marks, ids=[mark.id for mark in marks])
    return len(marks)


async def destroy_pictures(own: CatalogResources) -> int:
    """Destroy stored pictures that nobody needs any more; return how many."""
    destroyed = 0
    for row in await own.db.run(images.list_destroys, limit=_BATCH):
        try:
            await own.pictures.destroy(row.public_id)
        except Unavailable:
            await own.db.run(images.postpone_destroy, public_id=row.public_id, attempts=row.attempts)
        else:
            await own.db.run(images.note_destroyed, public_id=row.public_id)
            destroyed += 1
    return destroyed


async def measure_stock(own: CatalogResources) -> None:
    """Measure what is on sale and what is sold out."""
    on_sale, sold_out = await own.db.run(stock.count_on_sale)
    _ON_SALE.set(on_sale)
    _SOLD_OUT.set(sold_out)
