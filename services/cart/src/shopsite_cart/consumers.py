"""What the cart hears from others. One table; the handlers only translate."""

from typing import Any

from sqlmodel import Session

from shopsite_cart import service
from shopsite_common.events import (
    CustomerDeleted,
    Event,
    OrderCreated,
    ProductCreated,
    ProductDeleted,
    ProductUpdated,
    StockChanged,
)
from shopsite_common.topology import Subscription


def on_product_changed(session: Session, event: Event[Any]) -> None:
    """Keep the copy of a product up to date. One queue for all four events, so that they come nearly in order."""
    data = event.data
    if isinstance(data, ProductDeleted):
        service.keep_deletion(session, product_id=data.product_id)
    elif isinstance(data, StockChanged):
        service.keep_stock(session, product_id=data.product_id, stock=data.stock, sequence=event.sequence)
    else:
        product = service.ProductState(
            data.product_id, data.name, data.price, data.image_url, data.stock, event.sequence
        )
        service.keep_product(session, product=product)


def on_order_created(session: Session, event: Event[OrderCreated]) -> None:
    """Empty the cart of what was ordered."""
    ordered = {item.cart_line_id: item.quantity for item in event.data.items}
    service.take_ordered_lines(session, customer_id=event.data.customer_id, ordered=ordered)


def on_customer_deleted(session: Session, event: Event[CustomerDeleted]) -> None:
    """Forget an erased customer."""
    service.forget_customer(session, customer_id=event.data.customer_id)


HANDLERS = (
    Subscription("cart", on_product_changed, (ProductCreated, ProductUpdated, ProductDeleted, StockChanged)),
    Subscription("cart", on_order_created, (OrderCreated,)),
    Subscription("cart", on_customer_deleted, (CustomerDeleted,)),
)
