"""Many at once: the last pieces, the same checkout, the same webhook."""

import asyncio
from collections import Counter

import psycopg2
import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


async def test_fifty_buyers_for_the_last_five_pieces(shop, new_account, new_product):
    product = await new_product(stock=5)
    buyers = [await new_account() for _ in range(50)]
    await asyncio.gather(*(buyer.fill_cart(product["id"]) for buyer in buyers))
    answers = await asyncio.gather(*(buyer.check_out() for buyer in buyers))
    assert Counter(answer.status_code for answer in answers) == {201: 5, 409: 45}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["code"] for body in refused} == {"out_of_stock"}
    assert all(body["details"][product["id"]] == {"available": 0} for body in refused)
    shown = await shop.request("GET", f"/api/products/{product['id']}/")
    assert shown.json()["stock"] == 0


async def test_a_checkout_sent_twice_at_once_makes_one_order(buyer, new_product):
    await buyer.fill_cart((await new_product())["id"])
    answers = await asyncio.gather(buyer.check_out(), buyer.check_out())
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 201
    assert statuses[1] in {400, 409}
    assert (await buyer.get("/api/orders/"))["count"] == 1


async def test_a_repeated_idempotency_key_gives_the_first_answer(buyer, new_product):
    await buyer.fill_cart((await new_product())["id"])
    first = await buyer.check_out(**{"Idempotency-Key": "once"})
    second = await buyer.check_out(**{"Idempotency-Key": '"once"'})
    assert (second.status_code, second.json()) == (201, first.json())
    assert second.headers["Idempotency-Replayed"] == "true"
    other = {"shipping_address": "elsewhere", "billing_address": "elsewhere"}
    reused = await buyer.call("POST", "/api/checkout/", json=other, headers={"Idempotency-Key": "once"})
    assert reused.status_code == 422


async def paid_without_a_webhook(shop, buyer, order):
    await shop.webhooks("off")
    try:
        return await buyer.pay(order["id"])
    finally:
        await shop.webhooks("on")


async def test_a_webhook_sent_five_times_at_once_pays_once(shop, buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    reference = await paid_without_a_webhook(shop, buyer, order)
    assert await buyer.status_of(order["id"]) in {"CREATED", "PENDING"}
    resend = f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/webhooks/{reference}/resend"
    sent = await asyncio.gather(*(shop.request("POST", resend) for _ in range(5)))
    assert [row["tries"][0]["status_code"] for row in (answer.json() for answer in sent)] == [200] * 5
    await buyer.becomes(order["id"], "PROCESSING", within=10)
    payments = await buyer.get(f"/api/payment/?order={order['id']}")
    assert [row["status"] for row in payments["results"]] == ["SUCCEEDED"]
    history = (await buyer.get(f"/api/orders/{order['id']}/"))["history"]
    assert [step["status"] for step in history].count("PROCESSING") == 1
    assert events_about(shop, "payments", "PaymentSucceeded", order) == 1
    assert events_about(shop, "orders", "OrderPaid", order) == 1
    await has_one_payment_mail(shop, buyer, admin, order)


def events_about(shop, service, event, order):
    statement = "SELECT count(*) FROM outbox WHERE type LIKE %s AND data::text LIKE %s"
    with psycopg2.connect(shop.url(f"DATABASE_URL_{service.upper()}")) as connection, connection.cursor() as cursor:
        cursor.execute(statement, (f"{event}.%", f"%{order['id']}%"))
        [found] = cursor.fetchone()
    connection.close()
    return found


async def has_one_payment_mail(shop, buyer, admin, order):
    """Ship it, so that a mail is awaited which comes later than any second one about the payment would."""
    assert (await admin.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/")).status_code == 200

    async def shipping_mail():
        return any("on its way" in subject for subject in await shop.mails(buyer.email))

    await eventually(shipping_mail)
    assert sum("Payment received" in subject for subject in await shop.mails(buyer.email)) == 1
    log = await admin.get(f"/api/admin/notifications/?kind=payment_confirmation&to={buyer.email}")
    assert [(row["status"], row["attempts"]) for row in log["results"]] == [("SENT", 1)]
