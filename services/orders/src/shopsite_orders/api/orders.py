"""Reading orders and taking their steps."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request

from shopsite_common.auth import AdminUser, CurrentUser
from shopsite_common.errors import Forbidden, NotAuthenticated
from shopsite_common.openapi import documented
from shopsite_common.pagination import Page, Paging, page_of
from shopsite_common.parameters import Moment
from shopsite_common.tokens import Principal
from shopsite_orders import errors
from shopsite_orders.deps import Db, Own
from shopsite_orders.domain.standing import Status
from shopsite_orders.repository.reading import OrderFilter
from shopsite_orders.schemas import Nothing, OrderOut, ShipmentCreate, TimelineEntryOut
from shopsite_orders.service import reading, steps

router = APIRouter(tags=["orders"], responses=documented(NotAuthenticated))

_FOUND = documented(errors.OrderNotFound)


def _scope(user: Principal) -> UUID | None:
    """Whose orders the user sees: their own, and everybody's for an admin."""
    return None if user.is_admin else user.id


@router.get("/api/orders/", operation_id="list_orders", responses=_FOUND)
async def list_orders(
    request: Request,
    user: CurrentUser,
    paging: Paging,
    db: Db,
    status: Status | None = None,
    created_at__gte: Moment | None = None,
    created_at__lte: Moment | None = None,
    customer: Annotated[UUID | None, Query(description="For admins: whose orders")] = None,
) -> Page[OrderOut]:
    """List the customer's orders, newest first; an admin sees everybody's."""
    wanted = OrderFilter(
        customer_id=customer if user.is_admin else user.id,
        status=status.value if status else None,
        created_from=created_at__gte,
        created_until=created_at__lte,
    )
    count, views = await db.run(reading.list_views, wanted=wanted, paging=paging)
    return page_of(request, paging, count, [OrderOut.of(view) for view in views])


@router.get("/api/orders/{order_id}/", operation_id="get_order", responses=_FOUND)
async def get_order(order_id: UUID, user: CurrentUser, db: Db) -> OrderOut:
    """Return one order with its items and history."""
    return OrderOut.of(await db.run(reading.get_view, order_id=order_id, customer_id=_scope(user)))


@router.get("/api/orders/{order_id}/timeline/", operation_id="get_order_timeline", responses=_FOUND)
async def get_order_timeline(order_id: UUID, user: CurrentUser, db: Db) -> list[TimelineEntryOut]:
    """Return the order's story, oldest first: what concerns the customer, and all of it with trace ids for an admin."""
    rows = await db.run(reading.get_timeline, order_id=order_id, customer_id=_scope(user))
    return [TimelineEntryOut.of(row, everything=user.is_admin) for row in rows]


@router.post(
    "/api/orders/{order_id}/cancel/",
    operation_id="cancel_order",
    responses=documented(errors.OrderNotFound, errors.NotCancellable),
)
async def cancel_order(
    order_id: UUID, user: CurrentUser, db: Db, body: Annotated[Nothing | None, Body()] = None
) -> OrderOut:
    """Cancel an order that has not left: the stock comes back, what was paid is refunded."""
    del body
    view = await db.run(steps.cancel_order, order_id=order_id, user_id=user.id, is_admin=user.is_admin)
    return OrderOut.of(view)


@router.post(
    "/api/orders/{order_id}/mark_as_shipped/",
    operation_id="ship_order",
    responses=documented(
        Forbidden, errors.OrderNotFound, errors.NotShippable, errors.RefundUnderWay, errors.ShippingBlocked
    ),
)
async def ship_order(
    order_id: UUID,
    user: AdminUser,
    own: Own,
    body: Annotated[ShipmentCreate | None, Body()] = None,
) -> OrderOut:
    """Note that a paid order is on its way."""
    await own.db.run(steps.check_shippable, order_id=order_id)
    # a refund binds from its answer on, and its event may still be under way: payments knows first
    if await own.payments.all_goes_back(order_id=order_id, token=user.token):
        raise errors.RefundUnderWay
    shipment = body or ShipmentCreate()
    view = await own.db.run(
        steps.ship_order,
        order_id=order_id,
        admin_id=user.id,
        tracking_number=shipment.tracking_number,
        carrier=shipment.carrier,
    )
    return OrderOut.of(view)


@router.post(
    "/api/orders/{order_id}/mark_as_completed/",
    operation_id="complete_order",
    responses=documented(Forbidden, errors.OrderNotFound, errors.NotCompletable),
)
async def complete_order(
    order_id: UUID, user: AdminUser, db: Db, body: Annotated[Nothing | None, Body()] = None
) -> OrderOut:
    """Note that a shipped order has arrived."""
    del body
    return OrderOut.of(await db.run(steps.complete_order, order_id=order_id, admin_id=user.id))
