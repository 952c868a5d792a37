"""The whole way of the money, against the Paystack simulator over HTTP."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import (
    OrderCancelled,
    PaymentHeld,
    PaymentRefunded,
    PaymentSucceeded,
    RefundFailed,
)
from shopsite_common.testing.polling import eventually
from shopsite_payments.deps.notices import work_on_webhooks
from shopsite_payments.deps.reconciling import reconcile
from shopsite_payments.deps.refunding import advance_refunds
from shopsite_payments.deps.settling import settle, verify_due

pytestmark = pytest.mark.integration


@pytest.fixture
def open_page(live, client, orders, headers):
    """Return a function that places an order and gives it with the data of its open transaction."""

    async def begin(order=None, **changes):
        found = order or orders.place(**changes)
        body = {"order_id": str(found.order_id)}
        answer = await client.post("/api/pay/", json=body, headers=headers(found.customer_id))
        assert answer.status_code == 200, answer.text
        return found, answer.json()["data"]

    return begin


@pytest.fixture
def payment_of(live, client, headers):
    async def read(order):
        answer = await client.get(f"/api/payment/?order={order.order_id}", headers=headers(role="admin"))
        [payment] = answer.json()["results"]
        return payment

    return read


@pytest.fixture
def becomes(payment_of):
    """Return a function that waits until an order's payment is in a state, doing the worker's work meanwhile."""

    async def wait(order, status, *work):
        async def arrived():
            for action in work:
                await action()
            payment = await payment_of(order)
            return payment if payment["status"] == status else None

        return await eventually(arrived, within=20)

    return wait


def sql(db, statement):
    db.run_here(lambda session: session.connection().execute(text(statement)) and None)


async def test_pay_webhook_done(open_page, simulator, becomes, events, client):
    order, data = await open_page()
    back = await simulator.page(data["authorization_url"], outcome="success", channel="bank_transfer")
    assert f"reference={data['reference']}" in back
    payment = await becomes(order, "SUCCEEDED")
    assert payment["channel"] == "bank_transfer"
    answer = await client.get(back)
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCEEDED")
    assert len(events(PaymentSucceeded)) == 1


async def test_a_lost_webhook_still_settles(open_page, simulator, becomes, live, db, events):
    await simulator.set(webhooks="off")
    order, data = await open_page()
    await simulator.page(data["authorization_url"], outcome="success")
    sql(db, "UPDATE payment_attempts SET next_check_at = now()")
    await verify_due(live)
    await becomes(order, "SUCCEEDED")
    assert len(events(PaymentSucceeded)) == 1


@pytest.mark.parametrize("behaviour", [{"webhooks": "duplicate", "duplicates": 10}, {"text_amounts": True}])
@pytest.mark.parametrize("metadata", ["sent", "empty", "zero", "null", "text"])
async def test_whatever_shape_the_webhooks_come_in(open_page, simulator, becomes, events, behaviour, metadata):
    await simulator.set(**behaviour, metadata_as=metadata)
    order, data = await open_page()
    await simulator.page(data["authorization_url"], outcome="success")
    await becomes(order, "SUCCEEDED")
    assert len(events(PaymentSucceeded)) == 1


async def test_webhook_callback_and_poller_at_the_same_instant(open_page, simulator, live, client, db, events):
    await simulator.set(webhooks="duplicate", duplicates=5)
    order, data = await open_page()
    back = await simulator.page(data["authorization_url"], outcome="success")
    sql(db, "UPDATE payment_attempts SET next_check_at = now()")
    await asyncio.gather(
        *(client.get(back) for _ in range(20)),
        *(verify_due(live) for _ in range(5)),
        *(settle(live, data["reference"]) for _ in range(20)),
    )
    assert [event.order_id for event in events(PaymentSucceeded)] == [order.order_id]


async def test_a_webhook_with_a_wrong_signature_is_refused(open_page, simulator, payment_of):
    await simulator.set(bad_signature=True)
    order, data = await open_page()
    await simulator.page(data["authorization_url"], outcome="success")

    async def tried():
        [delivery] = await simulator.deliveries(reference=data["reference"])
        return [one["status_code"] for one in delivery["tries"]]

    assert 401 in await eventually(tried)
    assert (await payment_of(order))["status"] == "INITIALIZED"


async def test_declined_then_paid_on_a_new_page(open_page, simulator, becomes, client, payment_of):
    order, first = await open_page()
    back = await simulator.page(first["authorization_url"], outcome="failed")
    assert (await client.get(back)).json()["status"] == "FAILED"
    _, second = await open_page(order)
    assert second["reference"] != first["reference"]
    await simulator.page(second["authorization_url"], outcome="success")
    payment = await becomes(order, "SUCCEEDED")
    assert payment["reference"] == second["reference"]


async def test_both_pages_paid_and_one_goes_back(open_page, simulator, becomes, live, client):
    order, first = await open_page()
    await client.get(await simulator.page(first["authorization_url"], outcome="failed"))
    _, second = await open_page(order)
    await simulator.page(second["authorization_url"], outcome="success")
    await becomes(order, "SUCCEEDED")
    await simulator.page(first["authorization_url"], outcome="success")

    async def given_back():
        await work_on_webhooks(live)
        await advance_refunds(live)
        found = await simulator.transactions()
        return [refund["status"] for refund in found[first["reference"]]["refunds"]] == ["processed"]

    await eventually(given_back, within=20)
    payment = await becomes(order, "SUCCEEDED")
    assert payment["reference"] == second["reference"]
    assert (await simulator.transactions())[second["reference"]]["refunds"] == []


@pytest.mark.parametrize("wrong", [{"amount_override": 249999}, {"currency_override": "USD"}])
async def test_one_kobo_less_or_another_currency_is_held(open_page, simulator, becomes, events, wrong):
    await simulator.set(**wrong)
    order, data = await open_page()
    await simulator.page(data["authorization_url"], outcome="success")
    payment = await becomes(order, "HELD")
    assert (payment["paid_amount"], payment["paid_currency"]) != ("2500.00", "NGN")
    assert [event.reason for event in events(PaymentHeld)] == ["amount_mismatch"]


async def test_initialize_whose_answer_is_lost(open_page, simulator, becomes):
    await simulator.set(drop_next=1)
    order, data = await open_page()
    assert len(await simulator.transactions()) == 2
    await simulator.page(data["authorization_url"], outcome="success")
    await becomes(order, "SUCCEEDED")


@pytest.mark.parametrize(
    "faults", [{"fail_status": 500}, {"fail_status": 502, "fail_body": "html"}, {"fail_status": 429}]
)
async def test_paystack_failing_is_503_and_then_works(live, simulator, client, orders, headers, faults):
    order = orders.place()
    body, who = {"order_id": str(order.order_id)}, headers(order.customer_id)
    await simulator.set(fail_next=4, **faults)
    answer = await client.post("/api/pay/", json=body, headers=who)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    await simulator.set(fail_next=0)
    assert (await client.post("/api/pay/", json=body, headers=who)).status_code == 200


async def test_paid_before_initialize_has_answered(live, simulator, client, orders, headers, becomes, events):
    await simulator.set(pay_on_initialize=True)
    order = orders.place()
    body = {"order_id": str(order.order_id)}
    answer = await client.post("/api/pay/", json=body, headers=headers(order.customer_id))
    assert answer.status_code in {200, 409}
    await becomes(order, "SUCCEEDED")
    assert len(events(PaymentSucceeded)) == 1


@pytest.fixture
def paid(open_page, simulator, becomes):
    """Return a function that pays an order, with one of the test cards if it is named."""

    async def make(card=None, cvv=None):
        order, data = await open_page()
        form = {"card_number": card, "cvv": cvv, "expiry": "12/30"} if card else {"outcome": "success"}
        await simulator.page(data["authorization_url"], **form)
        return order, data["reference"], (await becomes(order, "SUCCEEDED"))["id"]

    return make


@pytest.mark.parametrize("faults", [{}, {"out_of_order": True}, {"webhooks": "off"}, {"webhooks": "duplicate"}])
async def test_a_full_refund(paid, simulator, becomes, live, client, headers, events, faults):
    order, reference, payment_id = await paid()
    await simulator.set(**faults)
    answer = await client.post(f"/api/payment/{payment_id}/refund/", headers=headers(role="admin"))
    assert answer.status_code == 202
    await becomes(order, "REFUNDED", lambda: advance_refunds(live))
    [refund] = (await simulator.transactions())[reference]["refunds"]
    assert (refund["amount"], refund["status"]) == (250000, "processed")
    assert [event.full for event in events(PaymentRefunded)] == [True]


async def test_a_refund_whose_answer_is_lost_is_made_once(paid, simulator, becomes, live, client, headers):
    order, reference, payment_id = await paid()
    await client.post(f"/api/payment/{payment_id}/refund/", json={"amount": "100.00"}, headers=headers(role="admin"))
    await simulator.set(reference=reference, drop_next=1)
    await becomes(order, "SUCCEEDED", lambda: advance_refunds(live))
    [refund] = (await simulator.transactions())[reference]["refunds"]
    assert refund["amount"] == 10000


@pytest.mark.parametrize(
    ("card", "status", "end"),
    [
        (("4084080000671803", "180"), "SUCCEEDED", "FAILED"),
        (("4084080000671902", "190"), "REFUNDING", "NEEDS_ATTENTION"),
    ],
)
async def test_cards_whose_refund_goes_wrong(paid, becomes, live, client, headers, events, card, *, status, end):
    order, _, payment_id = await paid(*card)
    await client.post(f"/api/payment/{payment_id}/refund/", headers=headers(role="admin"))

    async def told():
        await advance_refunds(live)
        return events(RefundFailed)

    [failed] = await eventually(told, within=20)
    assert failed.status == end
    payment = await becomes(order, status)
    assert payment["refunds"][0]["status"] == end


async def test_a_cancelled_order_gets_its_money_back(paid, simulator, becomes, live, deliver):
    order, reference, _ = await paid()
    deliver(
        OrderCancelled(
            order_id=order.order_id,
            number=order.number,
            customer_id=order.customer_id,
            items=[],
            total=order.total,
            currency=order.currency,
            reason="customer",
            paid=True,
            cancelled_at=utcnow(),
        )
    )
    await becomes(order, "REFUNDED", lambda: advance_refunds(live))
    [refund] = (await simulator.transactions())[reference]["refunds"]
    assert refund["amount"] == 250000


async def test_a_refund_in_the_dashboard_and_a_dispute(paid, simulator, live, events):
    _, reference, _ = await paid()
    await simulator.act(f"transactions/{reference}/dispute")
    await simulator.act(f"transactions/{reference}/refund", amount=50000)

    async def told():
        await work_on_webhooks(live)
        return {event.reason for event in events(PaymentHeld)} == {"disputed", "external_refund"}

    await eventually(told, within=20)

    async def ended():
        await advance_refunds(live)
        return events(PaymentRefunded)

    [refunded] = await eventually(ended, within=20)
    assert (refunded.reason, refunded.amount, refunded.full) == ("external", Decimal("500.00"), False)


async def test_the_books_agree_after_all_that(paid, open_page, simulator, live, client, headers, becomes):
    order, _, payment_id = await paid()
    await client.post(f"/api/payment/{payment_id}/refund/", headers=headers(role="admin"))
    await becomes(order, "REFUNDED", lambda: advance_refunds(live))
    await paid()
    await simulator.set(webhooks="off")
    _, unheard = await open_page()
    await simulator.page(unheard["authorization_url"], outcome="success")
    report = await reconcile(live, since=utcnow() - timedelta(days=1))
    assert [(found.kind, found.reference, found.mended) for found in report.differences] == [
        ("unpaid_here", unheard["reference"], True)
    ]
    assert report.compared == 3
    assert (await reconcile(live, since=utcnow() - timedelta(days=1))).differences == []
