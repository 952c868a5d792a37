"""Orders and their money in the dashboard."""

import csv
import io

import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def place(buyer, new_product):
    """Return a function that has the buyer order two lamps, and pay them or not."""

    async def order(*, paid=True):
        placed = await buyer.buy((await new_product(stock=20))["id"], 2)
        if paid:
            await buyer.pay(placed["id"])
            await buyer.becomes(placed["id"], "PROCESSING", within=60)
        return placed

    return order


async def payment_of(account, order, status):
    async def is_so():
        [payment] = (await account.get(f"/api/payment/?order={order['id']}"))["results"]
        return payment if payment["status"] == status else None

    return await eventually(is_so, within=60, every=0.3)


async def test_an_order_is_found_shipped_and_completed(visitor, as_admin, place, buyer):
    order = await place()
    await as_admin(visitor, "/admin/orders/?status=PROCESSING")
    await visitor.page.get_by_role("link", name=order["number"]).click()
    await visitor.reads("123 Main St, Lagos")
    await visitor.page.get_by_role("heading", name="The order's story").wait_for()
    story = await buyer.get(f"/api/orders/{order['id']}/timeline/")
    for entry in story:
        await visitor.reads(entry["text"])
    await visitor.reads("Trace")
    await visitor.fill(carrier="DHL", tracking_number="TRACK-77")
    await visitor.press("Mark as shipped")
    await visitor.reads("The order is shipped.")
    assert await buyer.status_of(order["id"]) == "SHIPPED"
    await visitor.look("order")
    await visitor.press("Mark as completed")
    await visitor.reads("The order is completed.")
    assert await buyer.status_of(order["id"]) == "COMPLETED"
    assert (await buyer.get(f"/api/orders/{order['id']}/"))["tracking_number"] == "TRACK-77"


async def test_an_order_is_cancelled_once_that_is_confirmed(visitor, as_admin, place, buyer):
    order = await place(paid=False)
    await as_admin(visitor, f"/admin/orders/{order['id']}/")
    assert not await visitor.page.get_by_role("button", name="Cancel the order").is_visible()
    await visitor.confirm("Cancel this order…", "Cancel the order")
    await visitor.reads("The order is cancelled.")
    assert await buyer.status_of(order["id"]) == "CANCELLED"
    await visitor.open("/admin/orders/")
    await visitor.look("orders")


async def test_orders_go_out_as_a_file_with_the_lists_filters(at_desk, as_admin, place, buyer):
    wanted, other = await place(paid=False), await place()
    await as_admin(at_desk, f"/admin/orders/?customer={wanted['customer']}&status=CREATED")
    async with at_desk.page.expect_download() as download:
        await at_desk.page.get_by_role("link", name="Export CSV").click()
    file = await (await download.value).path()
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [(row["number"], row["total"], row["pieces"]) for row in rows] == [(wanted["number"], "3999.00", "2")]
    assert other["number"] not in file.read_text()


async def test_a_formula_in_an_address_stays_text_in_the_file(shop, at_desk, as_admin, buyer, new_product):
    await buyer.fill_cart((await new_product())["id"])
    body = {"shipping_address": "=HYPERLINK(0)", "billing_address": "456 Billing Ave"}
    order = (await buyer.call("POST", "/api/checkout/", json=body)).json()
    await as_admin(at_desk)
    await at_desk.reads("Hello")
    [cookie] = [found for found in await at_desk.page.context.cookies() if found["name"] == "shopsite_session"]
    path = f"/admin/orders.csv?customer={order['customer']}"
    answer = await shop.request("GET", path, headers={"Cookie": f"shopsite_session={cookie['value']}"})
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["shipping_address"] == "'=HYPERLINK(0)"


async def test_a_part_and_then_the_rest_is_refunded(visitor, as_admin, place, buyer):
    order = await place()
    payment = await payment_of(buyer, order, "SUCCEEDED")
    await as_admin(visitor, "/admin/payments/?status=SUCCEEDED")
    await visitor.look("payments")
    await visitor.open(f"/admin/orders/{order['id']}/")
    await visitor.page.get_by_role("link", name="Payment and refunds").click()
    await visitor.fill(amount="999999", reason="by mistake")
    await visitor.press("Refund")
    await visitor.page.get_by_role("alert").wait_for()
    await visitor.fill(amount="500.00", reason="one was damaged")
    await visitor.press("Refund")
    await visitor.reads("The refund is under way.")
    await payment_of(buyer, order, "SUCCEEDED")
    await visitor.open(f"/admin/payments/{payment['id']}/")
    await visitor.reads("NGN 500.00")
    await visitor.look("payment")
    await visitor.press("Refund")
    await payment_of(buyer, order, "REFUNDED")
    await buyer.becomes(order["id"], "REFUNDED", within=60)


@pytest.mark.parametrize(
    ("summary", "button"),
    [("Refund all that arrived…", "Refund all"), ("Cancel the order…", "Cancel the order")],
)
async def test_held_money_has_two_ways_out(visitor, as_admin, place, buyer, shop, summary, button):
    order = await place(paid=False)
    data = await buyer.begin_payment(order["id"])
    settings = {"reference": data["reference"], "amount_override": 100}
    simulator = f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/settings"
    assert (await shop.request("POST", simulator, json=settings)).is_success
    assert (await shop.request("POST", data["authorization_url"], data={"outcome": "success"})).status_code < 400
    payment = await payment_of(buyer, order, "HELD")
    await as_admin(visitor, f"/admin/payments/{payment['id']}/")
    await visitor.reads("NGN 1.00 arrived, and the order costs NGN 3,999.00")
    await visitor.look("payment-held")
    await visitor.confirm(summary, button)
    await payment_of(buyer, order, "REFUNDED")
    await buyer.becomes(order["id"], "REFUNDED", within=60)
