"""What the orders' requests cost, against tests/budgets.txt. Cart, catalog and payments are fakes here."""

import pytest

from shopsite_common.dead_letters import service as dead_letters
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.ids import uuid7
from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.rows import copy_rows

pytestmark = pytest.mark.integration

DEAD_LETTERS = "/api/admin/dead-letters/"  # every service answers it, the portal documents it for all
ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}


async def test_requests_stay_within_their_budgets(client, tokens, shop, others, service_keys, costs):
    customer_id = uuid7()
    own, admin = tokens.headers(customer_id), tokens.headers(role="admin")
    orders = [shop.place(shop.line(), shop.line(), customer_id=customer_id) for _ in range(3)]
    one = f"/api/orders/{orders[0].id}"
    internal = f"/internal/orders/{orders[0].id}/"
    others.carts.put(others.catalog.sell())
    others.carts.put(others.catalog.sell())
    await others.db.ping()

    def checkout(**headers):
        return client.post("/api/checkout/", json=ADDRESSES, headers=own | headers)

    measured = {
        "checkout, two_items": await costs.of(checkout()),
        "list_orders, own": await costs.of(client.get("/api/orders/", headers=own)),
        "get_order, own": await costs.of(client.get(f"{one}/", headers=own)),
        "get_order_timeline, own": await costs.of(client.get(f"{one}/timeline/", headers=own)),
        "order_brief, for_payments": await costs.of(
            client.get(internal, headers=service_keys.headers("payments", "orders"))
        ),
    }
    shop.begin(orders[0])
    shop.pay(orders[0])
    measured["get_sales, a_month"] = await costs.of(client.get("/api/admin/analytics/sales/", headers=admin))
    measured["ship_order, paid"] = await costs.of(client.post(f"{one}/mark_as_shipped/", headers=admin))
    measured["cancel_order, unpaid"] = await costs.of(client.post(f"/api/orders/{orders[1].id}/cancel/", headers=own))
    others.carts.lines = []
    others.carts.put(others.catalog.sell())
    others.carts.put(others.catalog.sell())
    measured["checkout, with_key"] = await costs.of(checkout(**{"Idempotency-Key": "k1"}))
    measured["checkout, replayed"] = await costs.of(checkout(**{"Idempotency-Key": "k1"}))
    costs.check("orders", measured)


async def test_no_list_costs_more_for_a_hundred_rows(app, client, tokens, shop, db, costs):
    admin = tokens.headers(role="admin")
    order = shop.place()
    letter = read_letter("orders.on_order_created", b"{}", {})
    db.run_here(dead_letters.keep_letter, letter=letter)

    def fill():
        db.run_here(copy_rows, "orders", "id", number="number || '-' || n")
        db.run_here(copy_rows, "order_items", "order_id", "cart_line_id")
        db.run_here(copy_rows, "order_history", "order_id")
        db.run_here(copy_rows, "order_history")
        db.run_here(copy_rows, "dead_letters", "id", fingerprint="fingerprint || n::text::bytea")

    async def read(path):
        return await client.get(path.format(order_id=order.id), params={"page_size": 100}, headers=admin)

    await costs.check_lists([*lists_of(app), DEAD_LETTERS], read, fill)
