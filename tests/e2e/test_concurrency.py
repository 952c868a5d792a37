"""Many at once: the last pieces, the same checkout, the same webhook."""

import asyncio
from collections import Counter

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


async def test_a_webhook_sent_five_times_at_once_pays_once(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    reference = await buyer.pay(order["id"])
    resend = f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/webhooks/{reference}/resend"
    await asyncio.gather(*(shop.request("POST", resend) for _ in range(5)))
    await buyer.becomes(order["id"], "PROCESSING")
    payments = await buyer.get(f"/api/payment/?order={order['id']}")
    assert [row["status"] for row in payments["results"]] == ["SUCCEEDED"]

    async def paid_mails():
        return [subject for subject in await shop.mails(buyer.email) if "Payment received" in subject]

    assert len(await eventually(paid_mails)) == 1
    history = (await buyer.get(f"/api/orders/{order['id']}/"))["history"]
    assert [step["status"] for step in history].count("PROCESSING") == 1
