"""Servers go away under load and come back: what was promised meanwhile is kept, once."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time

import pytest

from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 60 if is_long_run() else 4
RATE = 100 if is_long_run() else 25  # webhooks a second
BUYERS = 12 if is_long_run() else 4
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
UNSENT = " + ".join(f"(SELECT count(*) FROM {service}.outbox WHERE sent_at IS NULL)" for service in SERVICES)


async def test_checkout_goes_on_without_rabbitmq_and_every_order_is_told_of_afterwards(
    shop, observer, new_account, new_product
):
    product = await new_product(stock=100_000)
    buyers = [await new_account() for _ in range(BUYERS)]
    await shop.network("amqp", "cut")
    until = time.monotonic() + SECONDS
    placed = await asyncio.gather(*(order_until(until, buyer, product) for buyer in buyers))
    assert all(placed)
    assert await observer.value(f"SELECT {UNSENT}") >= sum(len(orders) for orders in placed)
    await shop.heal_network()
    await eventually(lambda: nothing_is_unsent(observer), within=60, every=0.3)
    for buyer, orders in zip(buyers, placed, strict=True):
        await eventually(lambda who=buyer, what=orders: each_is_told_of_once(shop, who, what), within=120, every=0.5)


async def order_until(until, buyer, product) -> list[dict]:
    """Order again and again; every checkout is answered 201. Ten unpaid orders are the most that one may have."""
    orders = []
    while time.monotonic() < until and len(orders) < 10:
        orders.append(await buyer.buy(product["id"]))
        for line in (await buyer.get("/api/cart/me/"))["items"]:  # without events the cart keeps what was ordered
            await buyer.call("DELETE", f"/api/cart-items/{line['id']}/")
    return orders


async def nothing_is_unsent(observer) -> bool:
    return await observer.value(f"SELECT {UNSENT}") == 0


async def each_is_told_of_once(shop, buyer, orders) -> bool:
    subjects = await shop.mails(buyer.email)
    return all(len([subject for subject in subjects if order["number"] in subject]) == 1 for order in orders)


async def test_webhooks_are_answered_and_kept_without_rabbitmq(shop, observer):
    mark = secrets.token_hex(8)
    await shop.network("amqp", "cut")
    sent = []
    for number in range(RATE * SECONDS):
        sent.append(asyncio.create_task(send_webhook(shop, mark, number)))
        await asyncio.sleep(1 / RATE)
    answers = await asyncio.gather(*sent)
    assert {status for status, _ in answers} == {200}
    took = sorted(seconds for _, seconds in answers)
    assert took[int(len(took) * 0.99)] < (0.5 if is_long_run() else 10)
    kept = "SELECT count(*) FROM payments.raw_webhooks WHERE reference LIKE %s"
    assert await observer.value(kept, f"{mark}-%") == len(answers)


async def send_webhook(shop, mark, number) -> tuple[int, float]:
    """Play Paystack; return the status of the answer and the seconds that it took."""
    body = json.dumps({"event": "charge.success", "data": {"reference": f"{mark}-{number}"}}).encode()
    signature = hmac.new(shop.url("PAYSTACK_SECRET_KEY").encode(), body, hashlib.sha512).hexdigest()
    headers = {"x-paystack-signature": signature, "Content-Type": "application/json"}
    began = time.monotonic()
    answer = await shop.request("POST", "/api/payment/webhook/", content=body, headers=headers)
    return answer.status_code, time.monotonic() - began


async def test_every_payment_settles_though_every_webhook_is_lost(shop, new_account, new_product):
    product = await new_product(stock=100)
    buyers = [await new_account() for _ in range(BUYERS)]
    await shop.webhooks("off")
    try:
        orders = [await buyer.buy(product["id"]) for buyer in buyers]
        pages = [await buyer.begin_payment(order["id"]) for buyer, order in zip(buyers, orders, strict=True)]
        for page in pages:
            # the customer pays, and never comes back from Paystack's page
            await shop.http.post(page["authorization_url"], data={"outcome": "success"}, follow_redirects=False)
        for buyer, order in zip(buyers, orders, strict=True):
            await buyer.becomes(order["id"], "PROCESSING", within=60)
    finally:
        await shop.webhooks("on")
