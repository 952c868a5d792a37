"""Routes for other services; not on the gateway."""

from uuid import UUID

from fastapi import APIRouter, Depends

from shopsite_common.auth import called_by
from shopsite_common.clock import utcnow
from shopsite_orders.deps import Db, Own
from shopsite_orders.schemas import DayOut, OrderBrief, Voided
from shopsite_orders.service import placing, reading
from shopsite_orders.service.sales import get_day

router = APIRouter(prefix="/internal/orders", include_in_schema=False)


@router.get("/today/", dependencies=[Depends(called_by("portal"))])
async def get_today(own: Own) -> DayOut:
    """Return how the shop does."""
    orders, paid, revenue = await own.db.run(get_day, day=utcnow().date())
    return DayOut(orders=orders, paid_today=paid, revenue_today=revenue, currency=own.settings.shop_currency)


@router.get("/{order_id}/", dependencies=[Depends(called_by("payments", "notifications"))])
async def get_order_brief(order_id: UUID, db: Db) -> OrderBrief:
    """Return an order as it stands at this moment."""
    return OrderBrief.of(await db.run(reading.get_row, order_id=order_id))


@router.post("/{order_id}/void/", dependencies=[Depends(called_by("catalog"))])
async def void_order(order_id: UUID, db: Db) -> Voided:
    """Make sure that the id never becomes an order, before its reservation goes to others."""
    return Voided(voided=await db.run(placing.void_reservation, order_id=order_id))
