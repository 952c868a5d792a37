"""The orders' table of the contract, row by row, and the order's statuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import details_of, problem_of

pytestmark = pytest.mark.e2e

ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}
ORDER = {
    *("id", "number", "customer", "status", "items", "total", "currency", "shipping_address", "billing_address"),
    *("tracking_number", "carrier", "history", "created_at", "updated_at"),
}
STATUSES = {"CREATED", "PENDING", "PROCESSING", "SHIPPED", "COMPLETED", "CANCELLED", "REFUNDED"}


async def check_out(buyer, **more):
    return await buyer.call("POST", "/api/checkout/", json={**ADDRESSES, **more})


async def paid_order(buyer, product, quantity=1):
    order = await buyer.buy(product["id"], quantity)
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    return await buyer.get(f"/api/orders/{order['id']}/")


async def stock_of(buyer, product):
    return (await buyer.get(f"/api/products/{product['id']}/"))["stock"]


async def step(account, order, name, status=200, **kwargs):
    answer = await account.call("POST", f"/api/orders/{order['id']}/{name}/", **kwargs)
    assert answer.status_code == status, answer.text
    return answer.json()


async def refund_all(admin, order):
    [payment] = (await admin.get(f"/api/payment/?order={order['id']}"))["results"]
    answer = await admin.call("POST", f"/api/payment/{payment['id']}/refund/")
    assert answer.status_code == 202, answer.text


@pytest.mark.row("POST /api/checkout/")
async def test_a_checkout_orders_the_cart_as_it_is_and_empties_it(buyer, new_product):
    mug, lamp = await new_product(stock=5, price="1999.50"), await new_product(stock=5, price="0.05")
    await buyer.fill_cart(mug["id"], 2)
    await buyer.fill_cart(lamp["id"], 3)
    answer = await check_out(buyer, expected_total="3999.15")
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert set(order) == ORDER
    assert (order["status"], order["total"], order["currency"]) == ("CREATED", "3999.15", "NGN")
    assert [
        (row["product"], row["name"], row["unit_price"], row["quantity"], row["subtotal"]) for row in order["items"]
    ] == [
        (mug["id"], mug["name"], "1999.50", 2, "3999.00"),
        (lamp["id"], lamp["name"], "0.05", 3, "0.15"),
    ]
    assert {name: order[name] for name in ADDRESSES} == ADDRESSES
    assert (order["tracking_number"], order["carrier"]) == (None, None)
    [begun] = order["history"]
    assert set(begun) == {"status", "at", "actor", "note"}
    assert (begun["status"], begun["actor"]) == ("CREATED", "customer")
    assert await buyer.get(f"/api/orders/{order['id']}/") == order
    assert await stock_of(buyer, mug) == 3

    async def cart_is_empty():
        return (await buyer.get("/api/cart/me/"))["items"] == []

    await eventually(cart_is_empty)


@pytest.mark.row("POST /api/checkout/")
async def test_an_empty_cart_and_a_bad_body_are_bad_requests(buyer, new_product):
    problem_of(await check_out(buyer), 400)
    await buyer.fill_cart((await new_product())["id"])
    missing = details_of(await buyer.call("POST", "/api/checkout/", json={}), 400)
    assert missing == {name: ["This field is required."] for name in ADDRESSES}
    for name in ADDRESSES:
        assert set(details_of(await check_out(buyer, **{name: ""}), 400)) == {name}
    for total in ("much", "-1.00", "1.999", True):
        assert set(details_of(await check_out(buyer, expected_total=total), 400)) == {"expected_total"}, total
    for name, value in (("status", "PROCESSING"), ("total", "0.01"), ("customer", str(uuid7()))):
        assert set(details_of(await check_out(buyer, **{name: value}), 400)) == {name}
    assert (await buyer.get("/api/orders/"))["count"] == 0


@pytest.mark.row("POST /api/checkout/")
async def test_short_stock_a_deleted_product_and_another_total_are_conflicts(buyer, admin, new_product):
    sold_out, deleted = await new_product(stock=4), await new_product(stock=4)
    await buyer.fill_cart(sold_out["id"], 3)
    assert details_of(await check_out(buyer, expected_total="1.00"), 409) == {"total": "5998.50"}
    await buyer.fill_cart(deleted["id"], 1)
    await admin.call("PATCH", f"/api/products/{sold_out['id']}/", json={"stock": 2})
    await admin.call("DELETE", f"/api/products/{deleted['id']}/")
    short = details_of(await check_out(buyer), 409, "out_of_stock")
    assert short == {sold_out["id"]: {"available": 2}, deleted["id"]: {"available": 0}}
    assert (await buyer.get("/api/orders/"))["count"] == 0
    assert await stock_of(buyer, sold_out) == 2, "nothing stays reserved"


@pytest.mark.row("POST /api/checkout/")
async def test_a_cart_line_is_ordered_once(buyer, new_product):
    product = await new_product(stock=9)
    await buyer.fill_cart(product["id"], 2)
    answers = await asyncio.gather(*(check_out(buyer) for _ in range(5)))
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.status_code for answer in answers} <= {201, 400, 409}
    assert (await buyer.get("/api/orders/"))["count"] == 1

    async def one_reservation():
        return await stock_of(buyer, product) == 7

    await eventually(one_reservation)


@pytest.mark.row("POST /api/checkout/")
async def test_the_eleventh_unpaid_order_is_a_conflict(buyer, new_product):
    product = await new_product(stock=20)
    orders = [await buyer.buy(product["id"]) for _ in range(10)]
    await buyer.fill_cart(product["id"])
    problem_of(await check_out(buyer), 409, "too_many_unpaid_orders")
    await step(buyer, orders[0], "cancel")
    assert (await check_out(buyer)).status_code == 201


@pytest.mark.row("GET /api/orders/", "GET /api/orders/{id}/")
async def test_a_customer_lists_their_own_orders_newest_first(buyer, new_account, new_product):
    product, stranger = await new_product(), await new_account()
    orders = [await buyer.buy(product["id"]) for _ in range(3)]
    await step(buyer, orders[0], "cancel")
    other = await stranger.buy(product["id"])
    page = await buyer.get("/api/orders/")
    assert [row["id"] for row in page["results"]] == [order["id"] for order in reversed(orders)]
    assert set(page["results"][0]) == ORDER
    first = await buyer.get("/api/orders/?page_size=2")
    assert (first["count"], len(first["results"])) == (3, 2)
    assert [row["id"] for row in (await buyer.call("GET", first["next"])).json()["results"]] == [orders[0]["id"]]
    cancelled = await buyer.get("/api/orders/?status=CANCELLED")
    assert [row["id"] for row in cancelled["results"]] == [orders[0]["id"]]
    assert (await buyer.get(f"/api/orders/?customer={other['customer']}"))["count"] == 3, "an admin's filter alone"
    for order_id in (other["id"], uuid7(), "not-a-uuid"):
        problem_of(await buyer.call("GET", f"/api/orders/{order_id}/"), 404)


@pytest.mark.row("GET /api/orders/")
async def test_orders_are_filtered_by_time_and_by_customer(buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    created = datetime.fromisoformat(order["created_at"])
    later = (created + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    found = {
        f"created_at__gte={order['created_at']}": 1,
        f"created_at__lte={order['created_at']}": 1,
        f"created_at__gte={later}": 0,
        "created_at__lte=2020-01-01T00:00:00Z": 0,
        f"created_at__gte={order['created_at']}&created_at__lte={later}&status=CREATED": 1,
        "status=SHIPPED": 0,
        "unknown=1": 1,
    }
    for query, count in found.items():
        assert (await buyer.get(f"/api/orders/?{query}"))["count"] == count, query
    assert (await admin.get(f"/api/orders/?customer={order['customer']}"))["results"] == [order]
    assert (await admin.get(f"/api/orders/{order['id']}/")) == order
    for query in ("status=LOST", "created_at__gte=soon", "created_at__lte=2026-13-01", "customer=me", "page_size=101"):
        problem_of(await admin.call("GET", f"/api/orders/?{query}"), 400)
    problem_of(await admin.call("GET", "/api/orders/?page=0"), 404)


@pytest.mark.row("GET /api/orders/", "GET /api/admin/analytics/sales/")
async def test_staff_see_orders_as_a_customer_does(buyer, staff, new_product):
    order = await buyer.buy((await new_product())["id"])
    assert (await staff.get("/api/orders/"))["count"] == 0
    problem_of(await staff.call("GET", f"/api/orders/{order['id']}/"), 404)
    problem_of(await staff.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/"), 403)
    problem_of(await staff.call("POST", f"/api/orders/{order['id']}/mark_as_completed/"), 403)
    problem_of(await staff.call("GET", "/api/admin/analytics/sales/"), 403)


@pytest.mark.row("GET /api/orders/{id}/timeline/")
async def test_the_timeline_tells_a_customer_their_part_and_an_admin_all(buyer, admin, new_product):
    order = await paid_order(buyer, await new_product())
    path = f"/api/orders/{order['id']}/timeline/"

    async def mailed():
        kinds = [row["kind"] for row in await buyer.get(path)]
        return kinds if kinds.count("mail_sent") == 2 else None

    kinds = await eventually(mailed)
    assert [kind for kind in kinds if kind != "mail_sent"][:4] == [
        *("order_created", "payment_begun", "order_pending", "order_paid"),
    ]
    own, full = await buyer.get(path), await admin.get(path)
    assert isinstance(own, list)
    assert all(set(row) == {"at", "kind", "text", "actor", "details"} for row in own)
    assert [row["at"] for row in own] == sorted(row["at"] for row in own)
    assert not any({"trace_id", "actor_id", "consumed", "published"} & set(row["details"]) for row in own)
    assert len(full) >= len(own)
    assert all(len(row["details"]["trace_id"]) == 32 for row in full)
    assert full[0]["details"]["actor_id"] == order["customer"]
    assert full[0]["details"]["published"] == "orders.OrderCreated.v1"
    [paid] = [row["details"] for row in full if row["kind"] == "order_paid"]
    assert (paid["consumed"], paid["published"]) == ("payments.PaymentSucceeded.v1", "orders.OrderPaid.v1")
    problem_of(await buyer.call("GET", f"/api/orders/{uuid7()}/timeline/"), 404)


@pytest.mark.row("POST /api/orders/{id}/cancel/", "Stock comes back once", "Order status")
async def test_cancelling_gives_the_stock_back_once(buyer, new_account, new_product):
    product, stranger = await new_product(stock=5), await new_account()
    order = await buyer.buy(product["id"], 2)
    await step(stranger, order, "cancel", 404)
    cancelled = await step(buyer, order, "cancel")
    assert set(cancelled) == ORDER
    assert [row["status"] for row in cancelled["history"]] == ["CREATED", "CANCELLED"]

    async def is_back():
        return await stock_of(buyer, product) == 5

    await eventually(is_back)
    problem_of(await buyer.call("POST", f"/api/orders/{order['id']}/cancel/"), 409, "order_not_cancellable")
    await step(buyer, {"id": uuid7()}, "cancel", 404)
    ledger = await buyer.call("GET", f"/api/products/{product['id']}/stock/")
    assert ledger.status_code == 403, "the ledger is the staff's"
    assert await stock_of(buyer, product) == 5


@pytest.mark.row("POST /api/orders/{id}/cancel/", "Stock comes back once")
async def test_an_admin_cancels_a_paid_order_and_it_ends_refunded(buyer, admin, new_product):
    product = await new_product(stock=5)
    order = await paid_order(buyer, product, 2)
    await step(admin, order, "cancel")
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    ended = await buyer.get(f"/api/orders/{order['id']}/")
    actors = [(row["status"], row["actor"]) for row in ended["history"][-2:]]
    assert actors == [("CANCELLED", "admin"), ("REFUNDED", "payments")]
    ledger = (await admin.get(f"/api/products/{product['id']}/stock/"))["results"]
    returns = [row for row in ledger if row["delta"] == 2]
    assert (len(returns), await stock_of(buyer, product)) == (1, 5)


@pytest.mark.row("POST /api/orders/{id}/mark_as_shipped/", "POST /api/orders/{id}/mark_as_completed/", "Order status")
async def test_a_paid_order_is_shipped_then_completed_then_perhaps_refunded(buyer, admin, new_product):
    product = await new_product(stock=5)
    order = await buyer.buy(product["id"], 2)
    for name, code in (("mark_as_shipped", "order_not_shippable"), ("mark_as_completed", "order_not_completable")):
        assert (await step(admin, order, name, 409))["code"] == code
        await step(buyer, order, name, 403)
        await step(admin, {"id": uuid7()}, name, 404)
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    await step(admin, order, "mark_as_completed", 409)
    bad = await step(admin, order, "mark_as_shipped", 400, json={"tracking_number": 7, "status": "COMPLETED"})
    assert set(bad["details"]) == {"tracking_number", "status"}
    shipped = await step(admin, order, "mark_as_shipped", json={"tracking_number": "TRACK-77", "carrier": "DHL"})
    assert set(shipped) == ORDER
    assert (shipped["status"], shipped["tracking_number"], shipped["carrier"]) == ("SHIPPED", "TRACK-77", "DHL")
    await step(admin, order, "mark_as_shipped", 409)
    await step(buyer, order, "cancel", 409)
    completed = await step(admin, order, "mark_as_completed")
    assert completed["status"] == "COMPLETED"
    for name in ("mark_as_shipped", "mark_as_completed", "cancel"):
        await step(admin, order, name, 409)
    await refund_all(admin, order)
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    assert await stock_of(buyer, product) == 3, "what has left does not come back"


@pytest.mark.row("POST /api/orders/{id}/mark_as_shipped/", "Order status", "Stock comes back once")
async def test_from_the_answer_to_a_full_refund_on_the_order_cannot_be_shipped(buyer, admin, new_product):
    product = await new_product(stock=5)
    order = await paid_order(buyer, product, 2)
    await refund_all(admin, order)
    assert (await step(admin, order, "mark_as_shipped", 409))["code"] in {"refund_under_way", "order_not_shippable"}
    await buyer.becomes(order["id"], "REFUNDED", within=40)

    async def is_back():
        return await stock_of(buyer, product) == 5

    await eventually(is_back)
    for name in ("mark_as_shipped", "mark_as_completed", "cancel"):
        await step(admin, order, name, 409)


@pytest.mark.row("POST /api/orders/{id}/mark_as_shipped/")
async def test_shipping_needs_no_particulars(buyer, admin, new_product):
    order = await paid_order(buyer, await new_product())
    shipped = await step(admin, order, "mark_as_shipped")
    assert (shipped["status"], shipped["tracking_number"], shipped["carrier"]) == ("SHIPPED", None, None)


@pytest.mark.row("GET /api/admin/analytics/sales/")
async def test_the_figures_grow_by_what_was_paid_less_what_was_refunded(buyer, admin, new_product):
    product = await new_product(price="6100000.25", stock=5)
    order = await paid_order(buyer, product)
    [payment] = (await admin.get(f"/api/payment/?order={order['id']}"))["results"]
    part = await admin.call("POST", f"/api/payment/{payment['id']}/refund/", json={"amount": "99999.20"})
    assert part.status_code == 202
    net = "6000001.05"

    async def counted():
        sales = await admin.get("/api/admin/analytics/sales/")
        return (
            sales
            if {"product": product["id"], "name": product["name"], "quantity": 1, "revenue": net}
            in sales["top_products"]
            else None
        )

    sales = await eventually(counted, within=40)
    assert {"customer": order["customer"], "orders": 1, "revenue": net} in sales["top_customers"]
    assert set(sales["totals"]) == {"orders", "revenue", "average_order_value"}
    assert set(sales["by_status"]) == STATUSES
    series = sales["series"]
    assert (len(series), set(series[0])) == (30, {"start", "orders", "revenue"})
    assert sum(row["orders"] for row in series) == sales["totals"]["orders"]
    assert sum(Decimal(row["revenue"]) for row in series) == Decimal(sales["totals"]["revenue"])
    assert len(sales["top_products"]) <= 10
    revenues = [Decimal(row["revenue"]) for row in sales["top_products"]]
    assert revenues == sorted(revenues, reverse=True)


@pytest.mark.row("GET /api/admin/analytics/sales/")
async def test_the_figures_are_of_the_days_asked_for(buyer, admin):
    path, today = "/api/admin/analytics/sales/", datetime.now(UTC).date()
    past = await admin.get(f"{path}?from=2020-02-28&to=2020-03-01")
    assert [row["start"] for row in past["series"]] == ["2020-02-28", "2020-02-29", "2020-03-01"]
    assert past["totals"] == {"orders": 0, "revenue": "0.00", "average_order_value": "0.00"}
    assert (past["top_products"], past["top_customers"]) == ([], [])
    weeks = await admin.get(f"{path}?from=2020-02-24&to=2020-03-08&interval=week")
    assert [row["start"] for row in weeks["series"]] == ["2020-02-24", "2020-03-02"]
    months = await admin.get(f"{path}?from=2020-02-24&to=2020-03-08&interval=month")
    assert [row["start"] for row in months["series"]] == ["2020-02-01", "2020-03-01"]
    year = await admin.get(f"{path}?from={today - timedelta(days=365)}&to={today}")
    assert len(year["series"]) == 366
    for query in (
        f"from={today - timedelta(days=366)}&to={today}",
        "from=2020-03-01&to=2020-02-01",
        "from=yesterday",
        "to=2020-02-30",
        "interval=year",
    ):
        problem_of(await admin.call("GET", f"{path}?{query}"), 400)
    problem_of(await buyer.call("GET", path), 403)
