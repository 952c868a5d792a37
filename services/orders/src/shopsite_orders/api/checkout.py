"""Checkout: the cart is read, the stock reserved, then one transaction makes the order. No transaction spans a call."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from shopsite_common.auth import CurrentUser
from shopsite_common.errors import IdempotencyKeyReused, ShopError, Unavailable, ValidationFailed
from shopsite_common.idempotency import Idempotent, RequestStillRunning
from shopsite_common.ids import uuid7
from shopsite_common.logs import about
from shopsite_common.openapi import documented
from shopsite_common.tokens import Principal
from shopsite_orders import errors
from shopsite_orders.clients import CartContent, Reservation
from shopsite_orders.deps import OrdersResources, Own
from shopsite_orders.domain.sums import SoldLine
from shopsite_orders.schemas import CheckoutCreate, OrderOut
from shopsite_orders.service import placing
from shopsite_orders.service.placing import Draft

router = APIRouter(tags=["orders"])


@router.post(
    "/api/checkout/",
    operation_id="checkout",
    status_code=HTTPStatus.CREATED,
    response_model=OrderOut,
    responses=documented(
        ValidationFailed,
        errors.CartEmpty,
        errors.AccountErased,
        errors.OutOfStock,
        errors.TotalChanged,
        errors.CartLineAlreadyOrdered,
        errors.TooManyUnpaidOrders,
        errors.ReservationVoided,
        RequestStillRunning,
        IdempotencyKeyReused,
    ),
)
async def checkout(body: CheckoutCreate, user: CurrentUser, own: Own, idempotency: Idempotent) -> Response:
    """Order what is in the cart, all of it or nothing; the cart is emptied."""
    return await idempotency.run(lambda: _place(own, user, body), status=HTTPStatus.CREATED)


async def _place(own: OrdersResources, user: Principal, body: CheckoutCreate) -> OrderOut:
    cart = await own.carts.get_cart(user.token)
    if not cart.items:
        raise errors.CartEmpty
    limit = own.settings.max_unpaid_orders
    await own.db.run(
        placing.check_allowance,
        customer_id=user.id,
        cart_line_ids=[line.id for line in cart.items],
        max_unpaid=limit,
    )
    order_id = uuid7()
    about(order_id=order_id)
    reservation = await own.catalog.reserve(
        order_id=order_id, customer_id=user.id, lines=cart.items, expected_total=body.expected_total
    )
    draft = Draft(
        order_id=order_id,
        customer_id=user.id,
        customer_email=user.email,
        shipping_address=body.shipping_address,
        billing_address=body.billing_address,
        currency=reservation.currency,
        lines=_sold(cart, reservation),
    )
    try:
        view = await own.db.run(placing.place_order, draft=draft, term=own.settings.payment_term, max_unpaid=limit)
    except Unavailable:
        # whether the order was made is not known: the catalog asks before it gives the stock to others
        raise
    except ShopError:
        await own.catalog.give_back(order_id)
        raise
    return OrderOut.of(view)


def _sold(cart: CartContent, reservation: Reservation) -> list[SoldLine]:
    reserved = {line.product_id: line for line in reservation.lines}
    return [
        SoldLine(
            product_id=line.product.id,
            cart_line_id=line.id,
            name=reserved[line.product.id].name,
            unit_price=reserved[line.product.id].unit_price,
            quantity=reserved[line.product.id].quantity,
        )
        for line in cart.items
    ]
