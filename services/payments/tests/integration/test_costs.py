"""What the payments' requests cost, against tests/budgets.txt. Orders and Paystack are fakes here."""

import asyncio
import hashlib
import hmac

import pytest

from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.rows import copy_rows

pytestmark = pytest.mark.integration

KEY = b"sk_test_shopsite-of-the-tests"


async def test_requests_stay_within_their_budgets(client, desk, orders, paystack, begin, headers, costs):
    order, reference = await begin()
    other = orders.place()
    own = headers(order.customer_id)
    notice = b'{"event":"charge.success","data":{"id":302961,"reference":"%s","amount":250000}}' % reference.encode()
    signed = {"x-paystack-signature": hmac.new(KEY, notice, hashlib.sha512).hexdigest()}

    def pay(of):
        return client.post("/api/pay/", json={"order_id": str(of.order_id)}, headers=headers(of.customer_id))

    def tell():
        return client.post("/api/payment/webhook/", content=notice, headers=signed)

    await tell()
    await asyncio.gather(*desk.background)  # what follows from the first is no cost of its answer
    measured = {
        "pay, first": await costs.of(pay(other)),
        "pay, again": await costs.of(pay(other)),
        "list_payments, own": await costs.of(client.get("/api/payment/", headers=own)),
        "webhook, again": await costs.of(tell()),
    }
    paystack.pay(reference)
    measured["callback, paid"] = await costs.of(client.get(f"/api/payment/callback/?reference={reference}"))
    costs.check("payments", measured)


async def test_no_list_costs_more_for_a_hundred_rows(app, client, desk, begin, headers, db, costs):
    await begin()

    def fill():
        db.run_here(copy_rows, "payments", "id", "order_id")
        db.run_here(copy_rows, "payment_attempts", "id", "payment_id", reference="reference || n")

    async def read(path):
        return await client.get(path, params={"page_size": 100}, headers=headers(role="admin"))

    await costs.check_lists(lists_of(app), read, fill)
