"""The payments' table of the contract, row by row, and the rules of money below it."""

import asyncio
import hashlib
import hmac
import json

import psycopg2
import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import details_of, problem_of

pytestmark = pytest.mark.e2e

PAYMENT = {"id", "order_id", "reference", "amount", "currency", "status", "channel", "paid_at", "refunds", "created_at"}
REFUND = {"id", "amount", "status", "reason", "created_at"}


async def pay(account, order_id, **kwargs):
    return await account.call("POST", "/api/pay/", json={"order_id": order_id}, **kwargs)


async def payment_of(account, order):
    [payment] = (await account.get(f"/api/payment/?order={order['id']}"))["results"]
    return payment


async def payment_becomes(account, order, status, within=40):
    async def so():
        payment = await payment_of(account, order)
        return payment if payment["status"] == status else None

    return await eventually(so, within=within, every=0.2)


async def paid_order(buyer, product, quantity=1):
    order = await buyer.buy(product["id"], quantity)
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    return order


async def simulate(shop, path, **body):
    answer = await shop.request("POST", f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def press(shop, data, outcome="success"):
    answer = await shop.request("POST", data["authorization_url"], data={"outcome": outcome})
    assert answer.status_code == 303, answer.text


async def refund(admin, payment, **body):
    return await admin.call("POST", f"/api/payment/{payment['id']}/refund/", json=body)


@pytest.mark.row("POST /api/pay/")
async def test_paying_answers_as_the_seed_does_and_at_once_after_checkout(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    answer = await pay(buyer, order["id"])
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (set(body), body["status"]) == ({"status", "message", "data"}, "success")
    assert body["message"] == "Authorization URL created"
    assert set(body["data"]) == {"authorization_url", "access_code", "reference"}
    again = await asyncio.gather(*(pay(buyer, order["id"]) for _ in range(3)))
    assert [one.json()["data"] for one in again] == [body["data"]] * 3, "the same open transaction"
    [transaction] = await shop.transactions(body["data"]["reference"])
    assert (transaction["amount"], transaction["currency"], transaction["email"]) == (199950, "NGN", buyer.email)
    await buyer.becomes(order["id"], "PENDING")


@pytest.mark.row("POST /api/pay/")
async def test_what_cannot_be_paid(buyer, new_account, new_product):
    stranger, product = await new_account(), await new_product(stock=9)
    for body in ({}, {"order_id": 123}, {"order_id": "123"}, {"order_id": None}):
        assert set(details_of(await buyer.call("POST", "/api/pay/", json=body), 400)) == {"order_id"}
    paid = await paid_order(buyer, product)
    extra = await buyer.call("POST", "/api/pay/", json={"order_id": paid["id"], "amount": "1.00"})
    assert set(details_of(extra, 400)) == {"amount"}
    problem_of(await pay(buyer, str(uuid7())), 404)
    problem_of(await pay(stranger, paid["id"]), 404)
    problem_of(await pay(buyer, paid["id"]), 409, "order_already_paid")
    cancelled = await buyer.buy(product["id"])
    assert (await buyer.call("POST", f"/api/orders/{cancelled['id']}/cancel/")).status_code == 200
    problem_of(await pay(buyer, cancelled["id"]), 409, "order_not_payable")


@pytest.mark.row("POST /api/pay/")
async def test_a_total_that_paystack_cannot_take_is_a_conflict(buyer, new_product):
    too_small, smallest = await new_product(price="49.99"), await new_product(price="50.00")
    largest = await new_product(price="10000000.00")
    problem_of(await pay(buyer, (await buyer.buy(too_small["id"]))["id"]), 409, "amount_not_payable")
    problem_of(await pay(buyer, (await buyer.buy(largest["id"], 2))["id"]), 409, "amount_not_payable")
    for product in (smallest, largest):
        assert (await pay(buyer, (await buyer.buy(product["id"]))["id"])).status_code == 200


@pytest.mark.row("POST /api/pay/", "POST /api/checkout/", "Idempotency")
async def test_a_key_gives_the_first_answer_again_and_covers_one_request(buyer, new_account, new_product):
    product, stranger, key = await new_product(stock=9), await new_account(), {"Idempotency-Key": f"key-{uuid7()}"}
    await buyer.fill_cart(product["id"])
    first = await buyer.check_out(**key)
    again = await buyer.check_out(**{"Idempotency-Key": f'"{key["Idempotency-Key"]}"'})
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await buyer.call(
        "POST", "/api/checkout/", json={"shipping_address": "a", "billing_address": "b"}, headers=key
    )
    problem_of(other, 422)
    await stranger.fill_cart(product["id"])
    assert (await stranger.check_out(**key)).json()["id"] != first.json()["id"]
    own = {"Idempotency-Key": f"key-{uuid7()}"}
    opened, replayed = [await pay(buyer, first.json()["id"], headers=own) for _ in range(2)]
    assert (opened.status_code, replayed.json()) == (200, opened.json())
    assert replayed.headers["Idempotency-Replayed"] == "true"
    problem_of(await pay(buyer, str(uuid7()), headers=own), 422)
    problem_of(await pay(buyer, first.json()["id"], headers={"Idempotency-Key": "x" * 256}), 400)


@pytest.mark.row("GET /api/payment/", "GET /api/payment/{id}/")
async def test_a_customer_reads_their_own_payments_and_an_admin_all(buyer, admin, new_account, new_product):
    product, stranger = await new_product(stock=9), await new_account()
    open_order, order = await buyer.buy(product["id"]), await paid_order(buyer, product, 2)
    await buyer.begin_payment(open_order["id"])
    page = await buyer.get("/api/payment/")
    assert [row["order_id"] for row in page["results"]] == [open_order["id"], order["id"]]
    payment = page["results"][1]
    assert set(payment) >= PAYMENT
    assert (payment["amount"], payment["currency"], payment["status"]) == ("3999.00", "NGN", "SUCCEEDED")
    assert (payment["channel"], payment["refunds"]) == ("card", [])
    assert payment["paid_at"].endswith("Z")
    assert await buyer.get(f"/api/payment/{payment['id']}/") == payment
    assert await admin.get(f"/api/payment/{payment['id']}/") == payment
    assert (await stranger.get("/api/payment/"))["count"] == 0
    for query, count in (
        (f"order={order['id']}", 1),
        ("status=SUCCEEDED", 1),
        ("status=HELD", 0),
        (f"order={uuid7()}", 0),
    ):
        assert (await buyer.get(f"/api/payment/?{query}"))["count"] == count, query
    assert (await stranger.get(f"/api/payment/?order={order['id']}"))["count"] == 0
    assert (await admin.get(f"/api/payment/?order={order['id']}&status=SUCCEEDED"))["results"] == [payment]
    for query in ("status=PAID", "order=7", "page_size=0"):
        problem_of(await buyer.call("GET", f"/api/payment/?{query}"), 400)
    for account, payment_id in ((stranger, payment["id"]), (buyer, uuid7()), (buyer, "not-a-uuid")):
        problem_of(await account.call("GET", f"/api/payment/{payment_id}/"), 404)


@pytest.mark.row("GET /api/payment/{id}/", "POST /api/pay/")
async def test_a_new_try_after_a_declined_one_has_a_new_reference(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    declined = await buyer.pay(order["id"], "failed")
    await shop.request("GET", "/api/payment/callback/", params={"reference": declined})
    failed = await payment_of(buyer, order)
    assert (failed["status"], failed["reference"]) == ("FAILED", declined)
    data = (await pay(buyer, order["id"])).json()["data"]
    open_again = await payment_of(buyer, order)
    assert (open_again["id"], open_again["status"]) == (failed["id"], "INITIALIZED")
    assert open_again["reference"] == data["reference"] != declined
    await press(shop, data)
    paid = await payment_becomes(buyer, order, "SUCCEEDED")
    assert paid["reference"] == data["reference"]


def signature_of(shop, body):
    return hmac.new(shop.url("PAYSTACK_SECRET_KEY").encode(), body, hashlib.sha512).hexdigest()


@pytest.mark.row("POST /api/payment/webhook/")
async def test_only_a_signature_of_the_very_bytes_opens_the_webhook(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    body = json.dumps(
        {"event": "charge.success", "data": {"reference": data["reference"], "status": "success"}}
    ).encode()
    good = signature_of(shop, body)
    for forged in (None, "", "0" * 128, good.upper(), signature_of(shop, body + b" "), good[:-1] + "x"):
        headers = {"Content-Type": "application/json"} | ({} if forged is None else {"X-Paystack-Signature": forged})
        problem_of(await shop.request("POST", "/api/payment/webhook/", content=body, headers=headers), 401)
    answer = await shop.request(
        "POST",
        "/api/payment/webhook/",
        content=body,
        headers={"X-Paystack-Signature": good, "Content-Type": "application/json", "Authorization": "Bearer nonsense"},
    )
    assert answer.status_code == 200, "a bad token beside a good signature is ignored"
    assert (await payment_of(buyer, order))["status"] == "INITIALIZED", "the word of a webhook alone is not believed"
    assert (await shop.request("GET", "/api/payment/webhook/")).status_code == 405


@pytest.mark.row("POST /api/payment/webhook/")
async def test_a_repeated_webhook_is_harmless(shop, buyer, admin, new_product):
    order = await paid_order(buyer, await new_product())
    payment = await payment_of(buyer, order)
    for _ in range(3):
        sent = await simulate(shop, f"webhooks/{payment['reference']}/resend")
        assert [one["status_code"] for one in sent["tries"]] == [200]
    assert await payment_of(buyer, order) == payment
    told = [row["kind"] for row in await admin.get(f"/api/orders/{order['id']}/timeline/")]
    assert told.count("order_paid") == 1


@pytest.mark.row("GET /api/payment/callback/")
async def test_the_callback_verifies_and_tells_in_the_form_asked_for(shop, buyer, new_product):
    path, order = "/api/payment/callback/", await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    asked = {"params": {"reference": data["reference"]}}
    before = await shop.request("GET", path, **asked)
    assert (before.status_code, before.json()["status"]) == (200, "INITIALIZED")
    await simulate(shop, "settings", reference=data["reference"], webhooks="off")
    await press(shop, data)
    after = await shop.request("GET", path, **asked, headers={"Authorization": "Bearer nonsense"})
    assert after.json() == {"reference": data["reference"], "status": "SUCCEEDED", "order_id": order["id"]}
    page = await shop.request("GET", path, **asked, headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    problem_of(await shop.request("GET", path, params={"reference": "unknown"}), 404)
    problem_of(await shop.request("GET", path), 400)
    await buyer.becomes(order["id"], "PROCESSING")


@pytest.mark.row("POST /api/payment/{id}/refund/")
async def test_parts_are_refunded_until_nothing_is_left(shop, buyer, admin, new_product):
    order = await paid_order(buyer, await new_product(price="1000.00"))
    payment = await payment_of(buyer, order)
    for body in ({"amount": "0"}, {"amount": "-1"}, {"amount": "0.001"}, {"amount": "all"}):
        assert set(details_of(await refund(admin, payment, **body), 400)) == {"amount"}, body
    assert set(details_of(await refund(admin, payment, status="PROCESSED"), 400)) == {"status"}
    problem_of(await refund(buyer, payment), 403)
    problem_of(await refund(admin, {"id": uuid7()}), 404)
    part = await refund(admin, payment, amount="300.50", reason="One item was damaged")
    assert (part.status_code, part.json()["status"]) == (202, "REFUNDING")
    [begun] = part.json()["refunds"]
    assert set(begun) == REFUND
    assert (begun["amount"], begun["status"], begun["reason"]) == ("300.50", "PENDING", "One item was damaged")
    after = await payment_becomes(admin, order, "SUCCEEDED")
    assert [row["status"] for row in after["refunds"]] == ["PROCESSED"]
    problem_of(await refund(admin, payment, amount="699.51"), 409, "refund_too_large")
    rest = await refund(admin, payment)
    assert (rest.status_code, rest.json()["refunds"][-1]["amount"]) == (202, "699.50")
    await payment_becomes(buyer, order, "REFUNDED")
    await buyer.becomes(order["id"], "REFUNDED")
    problem_of(await refund(admin, payment), 409, "not_refundable")
    [transaction] = await shop.transactions(payment["reference"])
    assert sorted(row["amount"] for row in transaction["refunds"]) == [30050, 69950]


@pytest.mark.row("POST /api/payment/{id}/refund/", "Idempotency")
async def test_a_key_refunds_once(buyer, admin, new_product):
    order = await paid_order(buyer, await new_product(price="1000.00"))
    payment, key = await payment_of(buyer, order), {"Idempotency-Key": f"key-{uuid7()}"}
    path = f"/api/payment/{payment['id']}/refund/"
    first, again = [await admin.call("POST", path, json={"amount": "10.00"}, headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    problem_of(await admin.call("POST", path, json={"amount": "11.00"}, headers=key), 422)
    assert len((await payment_of(admin, order))["refunds"]) == 1


@pytest.mark.row("POST /api/payment/{id}/refund/", "GET /api/payment/{id}/")
async def test_a_failed_refund_frees_its_amount_and_alerts_the_admins(shop, buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    card = {"card_number": "4084080000671803", "cvv": "180", "expiry": "12/30"}
    await shop.request("POST", data["authorization_url"], data=card)
    await buyer.becomes(order["id"], "PROCESSING")
    payment = await payment_of(buyer, order)
    assert (await refund(admin, payment)).status_code == 202
    after = await payment_becomes(admin, order, "SUCCEEDED")
    assert [(row["amount"], row["status"]) for row in after["refunds"]] == [("1999.50", "FAILED")]
    await eventually(lambda: admins_are_told(shop, admin, order))
    assert (await refund(admin, payment)).status_code == 202, "it may be repeated"


async def admins_are_told(shop, admin, order):
    url, query = f"{shop.url('MAIL_URL')}/api/v1/search", f"to:{admin.email} {order['number']}"
    return (await shop.request("GET", url, params={"query": query})).json()["messages"]


async def pay_wrongly(shop, buyer, new_product, **override):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    await simulate(shop, "settings", reference=data["reference"], **override)
    await press(shop, data)
    return order


@pytest.mark.row("Held payments")
@pytest.mark.parametrize("override", [{"amount_override": 199949}, {"currency_override": "USD"}])
async def test_another_amount_or_currency_is_held_until_an_admin_refunds_it(shop, buyer, admin, new_product, override):
    order = await pay_wrongly(shop, buyer, new_product, **override)
    held = await payment_becomes(buyer, order, "HELD")
    assert held["paid_amount"] == ("1999.49" if "amount_override" in override else "1999.50")
    assert held["amount"] == "1999.50"
    await buyer.becomes(order["id"], "PENDING")
    problem_of(await pay(buyer, order["id"]), 409, "payment_held")
    problem_of(await admin.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/"), 409)
    await eventually(lambda: admins_are_told(shop, admin, order))
    assert (await refund(admin, held)).status_code == 202
    await payment_becomes(buyer, order, "REFUNDED")
    await buyer.becomes(order["id"], "REFUNDED")


@pytest.mark.row("Held payments")
async def test_a_held_order_outlives_its_deadline_and_ends_after_the_term_of_its_money(shop, buyer, new_product):
    order = await pay_wrongly(shop, buyer, new_product, amount_override=100)
    await payment_becomes(buyer, order, "HELD")

    async def rests():
        return set_back(shop, order, "payment_due_at", only="held")

    await eventually(rests)
    await buyer.becomes(order["id"], "PENDING")
    assert set_back(shop, order, "held_until")
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    history = (await buyer.get(f"/api/orders/{order['id']}/"))["history"]
    assert [row["status"] for row in history][-2:] == ["CANCELLED", "REFUNDED"]


def set_back(shop, order, column, only="true"):
    """Let a term of an order be over; tell whether there was one."""
    statement = f"UPDATE orders SET {column} = now() - interval '1 second' WHERE id = %s AND {only}"
    connection = psycopg2.connect(shop.url("DATABASE_URL_ORDERS"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, (order["id"],))
            return cursor.rowcount == 1
    finally:
        connection.close()


@pytest.mark.row("Late and double money")
async def test_a_second_attempt_that_also_paid_goes_back_as_a_duplicate(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    first = await buyer.begin_payment(order["id"])
    await press(shop, first, "failed")
    await shop.request("GET", "/api/payment/callback/", params={"reference": first["reference"]})
    second = await buyer.begin_payment(order["id"])
    await press(shop, second)
    await buyer.becomes(order["id"], "PROCESSING")
    await press(shop, first)

    async def returned():
        refunds = (await payment_of(buyer, order))["refunds"]
        return [row for row in refunds if row["status"] == "PROCESSED"]

    [row] = await eventually(returned, within=40)
    assert (row["reason"], row["amount"]) == ("duplicate_payment", "1999.50")
    payment = await payment_of(buyer, order)
    assert (payment["status"], payment["reference"]) == ("SUCCEEDED", second["reference"])
    assert await buyer.status_of(order["id"]) == "PROCESSING"


@pytest.mark.row("Late and double money")
async def test_money_for_a_cancelled_order_goes_back_and_the_order_ends_refunded(shop, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    data = await buyer.begin_payment(order["id"])
    await buyer.becomes(order["id"], "PENDING")
    assert (await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    await press(shop, data)
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    payment = await payment_becomes(buyer, order, "REFUNDED")
    assert [(row["amount"], row["status"]) for row in payment["refunds"]] == [("1999.50", "PROCESSED")]


@pytest.mark.row("Reconciliation")
async def test_a_webhook_that_never_came_and_a_declined_page_are_learnt_by_looking(shop, buyer, new_product):
    product = await new_product(stock=9)
    silent, declined = await buyer.buy(product["id"]), await buyer.buy(product["id"])
    data = await buyer.begin_payment(silent["id"])
    await simulate(shop, "settings", reference=data["reference"], webhooks="off")
    await press(shop, data)
    await press(shop, await buyer.begin_payment(declined["id"]), "failed")
    within = 15 + 2 * float(shop.url("PAYMENT_RECONCILE_SECONDS"))
    await buyer.becomes(silent["id"], "PROCESSING", within=within)
    await payment_becomes(buyer, declined, "FAILED", within=within)


@pytest.mark.row("Held payments", "POST /api/payment/webhook/")
async def test_a_refund_in_paystacks_dashboard_is_recorded_and_blocks_shipping(shop, buyer, admin, new_product):
    order = await paid_order(buyer, await new_product(price="1000.00"))
    payment = await payment_of(buyer, order)
    await simulate(shop, f"transactions/{payment['reference']}/refund", amount=10000)

    async def recorded():
        refunds = (await payment_of(buyer, order))["refunds"]
        return [row for row in refunds if row["status"] == "PROCESSED"]

    [row] = await eventually(recorded, within=40)
    assert (row["amount"], row["reason"]) == ("100.00", "external")
    await eventually(lambda: admins_are_told(shop, admin, order))
    problem_of(await admin.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/"), 409, "shipping_blocked")
    problem_of(await refund(admin, payment, amount="900.01"), 409, "refund_too_large")


@pytest.mark.row("Held payments", "POST /api/payment/webhook/")
async def test_a_dispute_blocks_shipping_until_the_shop_has_won_it(shop, buyer, admin, new_product):
    order = await paid_order(buyer, await new_product())
    payment = await payment_of(buyer, order)
    dispute = await simulate(shop, f"transactions/{payment['reference']}/dispute")
    await eventually(lambda: admins_are_told(shop, admin, order))
    path = f"/api/orders/{order['id']}/mark_as_shipped/"

    async def blocked():
        kinds = [row["kind"] for row in await admin.get(f"/api/orders/{order['id']}/timeline/")]
        return "payment_disputed" in kinds

    await eventually(blocked)
    problem_of(await admin.call("POST", path), 409, "shipping_blocked")
    await simulate(shop, f"disputes/{dispute['id']}/resolve", resolution="declined")

    async def leaves():
        return (await admin.call("POST", path)).status_code == 200

    await eventually(leaves)
