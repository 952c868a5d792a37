"""A purchase in the contract's words, through the gateway alone, in each way that it can go."""

import psycopg2
import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


async def stock_of(shop, product):
    answer = await shop.request("GET", f"/api/products/{product['id']}/")
    return answer.json()["stock"]


async def has_mail(shop, account, part):
    return any(part in subject for subject in await shop.mails(account.email))


async def test_from_signing_up_to_the_completed_order(shop, buyer, admin, new_product):
    product = await new_product(stock=5)
    await eventually(lambda: has_mail(shop, buyer, "Welcome"))
    found = await shop.request("GET", "/api/products/", params={"search": product["name"]})
    assert product["id"] in [row["id"] for row in found.json()["results"]]

    order = await buyer.buy(product["id"], 2)
    assert order["status"] == "CREATED"
    assert order["total"] == "3999.00"
    assert await stock_of(shop, product) == 3
    await eventually(lambda: has_mail(shop, buyer, order["number"]))
    await eventually(lambda: cart_is_empty(buyer))

    reference = await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    await eventually(lambda: has_mail(shop, buyer, "Payment received"))
    [transaction] = await shop.transactions(reference)
    assert transaction["amount"] == 399900
    await webhook_arrived(shop, reference)

    tracking = {"tracking_number": "TRACK-77", "carrier": "DHL"}
    shipped = await admin.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/", json=tracking)
    assert shipped.json()["status"] == "SHIPPED"
    await eventually(lambda: has_mail(shop, buyer, "on its way"))
    assert "TRACK-77" in await shop.latest_mail(buyer.email)
    completed = await admin.call("POST", f"/api/orders/{order['id']}/mark_as_completed/")
    assert completed.json()["status"] == "COMPLETED"

    order = await buyer.get(f"/api/orders/{order['id']}/")
    assert [step["status"] for step in order["history"]] == ["CREATED", "PENDING", "PROCESSING", "SHIPPED", "COMPLETED"]
    review = {"product": product["id"], "rating": 5, "comment": "Excellent product, highly recommend!"}
    assert (await buyer.call("POST", "/api/reviews/", json=review)).status_code == 201


async def webhook_arrived(shop, reference):
    url = f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/deliveries"
    [delivery] = (await shop.request("GET", url, params={"reference": reference})).json()
    assert (delivery["event"], delivery["state"]) == ("charge.success", "delivered")
    assert [one["status_code"] for one in delivery["tries"]] == [200]


async def test_a_webhook_that_paystack_did_not_sign_changes_nothing(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    await buyer.becomes(order["id"], "PENDING")
    paid = {"event": "charge.success", "data": {"reference": data["reference"], "status": "success"}}
    for headers in ({}, {"X-Paystack-Signature": "0" * 128}):
        answer = await shop.request("POST", "/api/payment/webhook/", json=paid, headers=headers)
        assert answer.status_code == 401
    payments = await buyer.get(f"/api/payment/?order={order['id']}")
    assert [row["status"] for row in payments["results"]] == ["INITIALIZED"]
    with psycopg2.connect(shop.url("DATABASE_URL_PAYMENTS")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM raw_webhooks WHERE reference = %s", (data["reference"],))
        assert cursor.fetchone() == (0,)
    connection.close()


async def cart_is_empty(account):
    return (await account.get("/api/cart/me/"))["items"] == []


async def test_a_declined_card_leaves_the_order_open_for_another_try(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    declined = await buyer.pay(order["id"], "failed")

    async def failed():
        payments = await buyer.get(f"/api/payment/?order={order['id']}")
        return payments["results"][0]["status"] == "FAILED"

    # nothing tells of it but looking at the transactions that are open, from time to time
    await eventually(failed, within=15 + 2 * float(shop.url("PAYMENT_RECONCILE_SECONDS")), every=0.3)
    assert await buyer.status_of(order["id"]) == "PENDING"
    assert await buyer.pay(order["id"]) != declined
    await buyer.becomes(order["id"], "PROCESSING")


async def test_a_declined_card_is_known_at_once_when_the_customer_comes_back(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    reference = await buyer.pay(order["id"], "failed")
    answer = await shop.request("GET", "/api/payment/callback/", params={"reference": reference})
    assert answer.status_code in {200, 302, 303}
    payments = await buyer.get(f"/api/payment/?order={order['id']}")
    assert [row["status"] for row in payments["results"]] == ["FAILED"]


async def test_an_abandoned_page_may_be_paid_later(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    await shop.request("POST", data["authorization_url"], data={"outcome": "abandoned"})
    await buyer.becomes(order["id"], "PENDING")
    await shop.request("POST", data["authorization_url"], data={"outcome": "success"})
    await buyer.becomes(order["id"], "PROCESSING")


async def test_cancelled_before_paying_the_stock_comes_back(shop, buyer, new_product):
    product = await new_product(stock=4)
    order = await buyer.buy(product["id"], 3)
    answer = await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")
    assert answer.json()["status"] == "CANCELLED"

    async def is_back():
        return await stock_of(shop, product) == 4

    await eventually(is_back)
    await eventually(lambda: has_mail(shop, buyer, "cancelled"))
    assert (await buyer.call("POST", "/api/pay/", json={"order_id": order["id"]})).status_code == 409


async def test_cancelled_after_paying_the_money_comes_back_too(shop, buyer, new_product):
    product = await new_product(stock=4)
    order = await buyer.buy(product["id"], 3)
    reference = await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    assert (await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    assert await stock_of(shop, product) == 4
    [transaction] = await shop.transactions(reference)
    assert [refund["status"] for refund in transaction["refunds"]] == ["processed"]
    await eventually(lambda: has_mail(shop, buyer, "cancelled"))
    await eventually(lambda: has_mail(shop, buyer, "refund"))


async def test_an_unpaid_order_ends_and_late_money_goes_back(shop, buyer, new_product):
    product = await new_product(stock=2)
    order = await buyer.buy(product["id"])
    data = await buyer.begin_payment(order["id"])
    await buyer.becomes(order["id"], "PENDING")
    with psycopg2.connect(shop.url("DATABASE_URL_ORDERS")) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET payment_due_at = now() - interval '1 second' WHERE id = %s", (order["id"],))
    connection.close()
    await buyer.becomes(order["id"], "CANCELLED")
    await eventually(lambda: has_mail(shop, buyer, "cancelled"))
    await shop.request("POST", data["authorization_url"], data={"outcome": "success"})
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    [transaction] = await shop.transactions(data["reference"])
    assert sum(refund["amount"] for refund in transaction["refunds"]) == transaction["amount"]
    assert await stock_of(shop, product) == 2
