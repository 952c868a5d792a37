"""One trace a chain: from the gateway's request over HTTP and RabbitMQ to the mail, read from what is exported."""

import hashlib
import hmac
import secrets

import orjson
import pytest

from shopsite_common.testing.collector import Collector
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e

OURS = "00000000000000a1"
"""The id of the span that the test stands for: the one parent which no process of the shop has."""


@pytest.fixture
async def collector(shop):
    async with Collector().listening(shop.url("OTEL_EXPORTER_OTLP_ENDPOINT")) as found:
        yield found


def new_trace():
    """Return the id of a trace that every process keeps, whatever small share of them is kept."""
    return secrets.token_hex(8) + "0" * 15 + "1"


def within(trace):
    return {"traceparent": f"00-{trace}-{OURS}-01"}


async def has_spans(collector, trace, *wanted):
    """Wait until each of (process, name) was exported in this trace."""

    async def all_there():
        found = {(span.process, span.name) for span in collector.spans[trace]}
        missing = set(wanted) - found
        return not missing

    try:
        await eventually(all_there, within=60, every=0.5)
    except AssertionError as error:
        found = {(span.process, span.name) for span in collector.spans[trace]}
        pytest.fail(f"missing: {set(wanted) - found}; there: {sorted(found)} ({error})")


async def becomes_one_tree(collector, trace):
    """Wait until every span's parent is there too, but the one span that the gateway had from us."""

    async def whole():
        spans = collector.spans[trace]
        ids = {span.id for span in spans}
        return {(span.process, span.parent) for span in spans if span.parent not in ids} == {("gateway", OURS)}

    await eventually(whole, within=60, every=0.5)


async def test_a_checkout_is_one_trace_from_the_gateway_to_the_mail(shop, buyer, new_product, collector):
    await buyer.fill_cart((await new_product())["id"])
    trace = new_trace()
    order = await buyer.check_out(**within(trace))
    assert order.headers["X-Request-ID"] == trace
    await has_spans(
        collector,
        trace,
        ("gateway", "POST"),
        ("authz", "check guarded"),
        ("orders-api", "POST /api/checkout/"),
        ("orders-api", "GET cart"),
        ("orders-api", "POST catalog"),
        ("catalog-api", "POST /internal/reservations/"),
        ("orders-worker", "publish orders.OrderCreated.v1"),
        ("catalog-worker", "consume catalog.on_order_created"),
        ("cart-worker", "consume cart.on_order_created"),
        ("notifications-worker", "consume notifications.on_order_created"),
        ("notifications-worker", "mail order_confirmation"),
        ("notifications-worker", "smtp send"),
        ("notifications-worker", "publish notifications.EmailSent.v1"),
    )
    await becomes_one_tree(collector, trace)


async def test_a_payment_is_one_trace_from_the_webhook_to_the_mail(shop, buyer, new_product, collector):
    order = await buyer.buy((await new_product())["id"])
    await shop.webhooks("off")
    try:
        began, paid = new_trace(), new_trace()
        answer = await buyer.call("POST", "/api/pay/", json={"order_id": order["id"]}, headers=within(began))
        data = answer.json()["data"]
        await shop.request("POST", data["authorization_url"], data={"outcome": "success"})
        webhook = {"event": "charge.success", "data": {"reference": data["reference"], "status": "success"}}
        assert (await post_signed(shop, webhook, within(paid))).status_code == 200
        await has_spans(
            collector,
            began,
            ("payments-api", "POST /api/pay/"),
            ("payments-api", "POST paystack"),
            ("payments-worker", "publish payments.PaymentInitiated.v1"),
        )
        await has_spans(
            collector,
            paid,
            ("payments-worker", "publish payments.PaymentSucceeded.v1"),
            ("orders-worker", "consume orders.on_payment_succeeded"),
            ("orders-worker", "publish orders.OrderPaid.v1"),
            ("notifications-worker", "consume notifications.on_order_paid"),
            ("notifications-worker", "mail payment_confirmation"),
            ("notifications-worker", "smtp send"),
        )
    finally:
        await shop.webhooks("on")
    assert ("GET paystack") in {span.name for span in collector.spans[paid]}
    await becomes_one_tree(collector, began)
    await becomes_one_tree(collector, paid)


async def test_what_nobody_tells_of_is_found_out_within_the_trace_that_began_it(
    shop, buyer, new_product, collector, admin
):
    order = await buyer.buy((await new_product())["id"])
    await shop.webhooks("off")
    try:
        began, refunded = new_trace(), new_trace()
        answer = await buyer.call("POST", "/api/pay/", json={"order_id": order["id"]}, headers=within(began))
        await shop.request("POST", answer.json()["data"]["authorization_url"], data={"outcome": "success"})
        await has_spans(
            collector,
            began,
            ("payments-worker", "verify attempt"),
            ("payments-worker", "publish payments.PaymentSucceeded.v1"),
            ("orders-worker", "consume orders.on_payment_succeeded"),
            ("notifications-worker", "mail payment_confirmation"),
        )
        payment = (await buyer.get("/api/payment/"))["results"][0]["id"]
        path = f"/api/payment/{payment}/refund/"
        assert (await admin.call("POST", path, json={}, headers=within(refunded))).is_success
        await has_spans(
            collector,
            refunded,
            ("payments-worker", "advance refund"),
            ("payments-worker", "POST paystack"),
            ("payments-worker", "publish payments.PaymentRefunded.v1"),
            ("notifications-worker", "smtp send"),
        )
    finally:
        await shop.webhooks("on")
    await becomes_one_tree(collector, began)
    await becomes_one_tree(collector, refunded)


async def post_signed(shop, document, headers):
    body = orjson.dumps(document)
    signature = hmac.new(shop.url("PAYSTACK_SECRET_KEY").encode(), body, hashlib.sha512).hexdigest()
    headers = {**headers, "X-Paystack-Signature": signature, "Content-Type": "application/json"}
    return await shop.request("POST", "/api/payment/webhook/", content=body, headers=headers)


async def test_spans_tell_nothing_of_persons(shop, buyer, new_product, collector):
    mark = secrets.token_hex(6)
    trace = new_trace()
    body = {"email": f"m{mark}@example.com", "first_name": f"F{mark}", "last_name": f"L{mark}"}
    secret = secrets.token_urlsafe(16)
    passwords = {"password": secret, "confirm_password": secret}
    path = f"/api/signup/?email=m{mark}@example.com&token={mark}"
    for expected in (201, 400):  # the second is refused by the database's own unique key
        answer = await shop.request("POST", path, json={**body, **passwords}, headers=within(trace))
        assert answer.status_code == expected, answer.text
    await has_spans(collector, trace, ("identity-api", "POST /api/signup/"), ("notifications-worker", "mail welcome"))
    spans = collector.spans[trace]
    assert len(spans) > 10
    assert [span for span in spans if mark in f"{span.name} {span.attributes} {span.message}"] == []
