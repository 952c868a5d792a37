"""What catalog's requests cost, against tests/budgets.txt."""

import pytest

from shopsite_catalog.repository import reservations
from shopsite_common.ids import uuid7
from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.rows import copy_rows

pytestmark = pytest.mark.integration


@pytest.fixture
def buyer(db, tokens):
    def bought(product):
        customer = uuid7()
        db.run_here(reservations.add_purchases, order_id=uuid7(), customer_id=customer, product_ids=[product])
        return tokens.headers(customer)

    return bought


def praise(product):
    return {"product": str(product), "rating": 5, "comment": "Fine"}


async def test_requests_stay_within_their_budgets(client, own, staff, make_product, reserve, buyer, by_cart, costs):
    products = [make_product(name=f"Linen shirt {n:02}", category="Clothes", tags=["linen"]) for n in range(25)]
    one = f"/api/products/{products[0]}/"
    reviewer = buyer(products[1])
    await own.db.ping()
    measured = {
        "list_products, uncached": await costs.of(client.get("/api/products/")),
        "list_products, cached": await costs.of(client.get("/api/products/")),
        "list_products, filtered": await costs.of(
            client.get("/api/products/?category=clothes&price__lt=20&tags=linen&search=shirt&ordering=-price")
        ),
        "get_product, uncached": await costs.of(client.get(one)),
        "get_product, cached": await costs.of(client.get(one)),
        "update_product, price": await costs.of(client.patch(one, json={"price": "12.00"}, headers=staff)),
        "list_categories, uncached": await costs.of(client.get("/api/categories/")),
        "create_review, first": await costs.of(
            client.post("/api/reviews/", json=praise(products[1]), headers=reviewer)
        ),
        "reserve, two_products": await costs.of(reserve((products[0], 1), (products[1], 2), expected_total="32.00")),
        "product_card, for_cart": await costs.of(client.get(f"/internal{one.removeprefix('/api')}", headers=by_cart)),
    }
    costs.check("catalog", measured)


async def test_no_list_costs_more_for_a_hundred_rows(app, client, own, staff, make_product, buyer, db, costs):
    product = make_product(category="Clothes", stock=1)
    await client.post("/api/reviews/", json=praise(product), headers=buyer(product))

    def fill():
        db.run_here(copy_rows, "categories", "id", name_key="name_key || n", slug="slug || n")
        db.run_here(copy_rows, "products", "id", "category_id")
        db.run_here(copy_rows, "reviews", "id", "customer_id")
        db.run_here(copy_rows, "stock_movements", "id")

    async def read(path):
        await own.redis.flushdb()
        return await client.get(path.format(product_id=product), params={"page_size": 100}, headers=staff)

    await costs.check_lists(lists_of(app), read, fill)
