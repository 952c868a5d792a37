"""Routes for other services: not on the gateway, and a service token is needed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from shopsite_catalog.deps import Own
from shopsite_catalog.schemas.reservations import ProductCard, ReservationCreate, ReservationOut
from shopsite_catalog.service import products, reservations
from shopsite_common.auth import called_by

router = APIRouter(include_in_schema=False)

CalledByOrders = Annotated[str, Depends(called_by("orders"))]
CalledByCart = Annotated[str, Depends(called_by("cart"))]


@router.post("/internal/reservations/", status_code=201)
async def reserve(body: ReservationCreate, _caller: CalledByOrders, own: Own, response: Response) -> ReservationOut:
    """Take the stock of all lines for an order, or of none; 200 when the order has it already."""
    made, reservation = await own.db.run(
        reservations.reserve_stock,
        order_id=body.order_id,
        customer_id=body.customer_id,
        lines=[(line.product_id, line.quantity) for line in body.lines],
        expected_total=body.expected_total,
        hold=own.settings.reservation_time,
        currency=own.settings.shop_currency,
    )
    if made:
        await own.touch_details(*(line.product_id for line in reservation.lines))
    else:
        response.status_code = 200
    return reservation


@router.delete("/internal/reservations/{order_id}/", status_code=204)
async def give_back(order_id: UUID, _caller: CalledByOrders, own: Own) -> None:
    """Give back a reservation whose order was not made, and bar its id; of a known order it changes nothing."""
    await own.db.run(reservations.give_back_reservation, order_id=order_id)


@router.get("/internal/products/{product_id}/")
async def get_card(product_id: UUID, _caller: CalledByCart, own: Own) -> ProductCard:
    """Return a product as the cart shows it."""
    row = await own.db.run(products.get_card, product_id=product_id)
    return ProductCard(
        product_id=row.id,
        name=row.name,
        price=row.price,
        currency=own.settings.shop_currency,
        image_url=row.image_url,
        stock=row.stock,
        sequence=row.sequence,
    )
