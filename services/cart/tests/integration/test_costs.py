"""What the cart's requests cost, against tests/budgets.txt."""

from decimal import Decimal

import pytest

from shopsite_cart.consumers import HANDLERS
from shopsite_common.events import ProductCreated
from shopsite_common.ids import uuid7
from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.messages import deliver, event_of
from shopsite_common.testing.rows import copy_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def make_product(db):
    def make():
        product = ProductCreated(
            product_id=uuid7(), name="Mug", price=Decimal("19.90"), currency="NGN", image_url=None, stock=10
        )
        deliver(db, HANDLERS, event_of(product))
        return str(product.product_id)

    return make


async def test_requests_stay_within_their_budgets(app, client, tokens, make_product, costs):
    headers = tokens.headers()
    products = [make_product(), make_product()]
    await app.state.resources.db.ping()

    def add(number):
        body = {"product": products[number], "quantity": 1}
        return client.post("/api/cart-items/", json=body, headers=headers)

    measured = {
        "get_own_cart, first": await costs.of(client.get("/api/cart/me/", headers=headers)),
        "add_cart_item, new": await costs.of(add(0)),
        "add_cart_item, again": await costs.of(add(0)),
        "add_to_cart, new": await costs.of(client.post(f"/api/products/{products[1]}/add_to_cart/", headers=headers)),
        "get_own_cart, two_lines": await costs.of(client.get("/api/cart/me/", headers=headers)),
    }
    costs.check("cart", measured)


async def test_no_list_costs_more_for_a_hundred_rows(app, client, tokens, make_product, db, costs):
    headers = tokens.headers()
    await client.post("/api/cart-items/", json={"product": make_product(), "quantity": 1}, headers=headers)

    def fill():
        db.run_here(copy_rows, "products", "product_id")
        db.run_here(copy_rows, "cart_items", "id", "product_id")

    async def read(path):
        return await client.get(path, params={"page_size": 100}, headers=headers)

    await costs.check_lists(lists_of(app), read, fill)
