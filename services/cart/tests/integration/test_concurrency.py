"""Changes of one cart at the same time."""

import asyncio
from decimal import Decimal

import pytest

from shopsite_cart import service
from shopsite_cart.errors import OutOfStock
from shopsite_common.ids import uuid7

pytestmark = pytest.mark.integration


async def test_a_product_added_thirty_times_at_once_adds_up_to_the_stock_and_no_further(db):
    customer_id, product_id = uuid7(), uuid7()
    product = service.ProductState(product_id, "Mug", Decimal(1), None, 20, 1)
    await db.run(service.keep_product, product=product)
    adding = {"customer_id": customer_id, "product_id": product_id, "quantity": 1}
    ends = await asyncio.gather(*(db.run(service.add_product, **adding) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(end, OutOfStock) for end in ends) == 10
    cart = await db.run(service.get_own_cart, customer_id=customer_id)
    assert [line.quantity for line in cart.lines] == [20]


async def test_a_cart_that_is_asked_for_twenty_times_at_once_is_made_once(db):
    customer_id = uuid7()
    carts = await asyncio.gather(*(db.run(service.get_own_cart, customer_id=customer_id) for _ in range(20)))
    assert len({cart.id for cart in carts}) == 1


async def test_an_order_against_additions_loses_no_piece(db):
    for _ in range(10):
        customer_id, product_id = uuid7(), uuid7()
        product = service.ProductState(product_id, "Mug", Decimal(1), None, 100, 1)
        await db.run(service.keep_product, product=product)
        adding = {"customer_id": customer_id, "product_id": product_id, "quantity": 2}
        line = (await db.run(service.add_product, **adding)).lines[0]
        await asyncio.gather(
            db.run(service.take_ordered_lines, customer_id=customer_id, ordered={line.id: 2}),
            *(db.run(service.add_product, **adding) for _ in range(3)),
        )
        cart = await db.run(service.get_own_cart, customer_id=customer_id)
        assert [found.quantity for found in cart.lines] == [6]
        assert cart.lines[0].id != line.id
