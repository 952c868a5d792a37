import asyncio
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import CustomerDeleted, PaymentHeld, PaymentReleased, PaymentSucceeded
from shopsite_payments.deps.notices import work_on_webhooks
from shopsite_payments.domain.payments import RefundStatus
from shopsite_payments.errors import PaystackUnavailable
from shopsite_payments.service.webhooks import delete_old_webhooks

pytestmark = pytest.mark.integration

KEY = "sk_test_shopsite-of-the-tests"
PATH = "/api/payment/webhook/"


def signed(body, key=KEY):
    return {"x-paystack-signature": hmac.new(key.encode(), body, hashlib.sha512).hexdigest()}


def charge(reference, **changes):
    data = {
        "id": 302961,
        "status": "success",
        "reference": reference,
        "amount": 250000,
        "currency": "NGN",
        "ip_address": "41.242.49.37",
        "customer": {"email": "ada@example.com", "first_name": "Zoë"},
    }
    return compact({"event": "charge.success", "data": data | changes})


def compact(document):
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def stored(db, columns="event, processed_at IS NOT NULL, tries, outcome"):
    statement = text(f"SELECT {columns} FROM raw_webhooks ORDER BY id")
    return db.run_here(lambda session: [tuple(row) for row in session.connection().execute(statement)])


def due_again(db):
    statement = text("UPDATE raw_webhooks SET next_try_at = now() - interval '1 second'")
    db.run_here(lambda session: session.connection().execute(statement) and None)


@pytest.fixture
def post(client):
    async def send(body, headers=None):
        return await client.post(PATH, content=body, headers=signed(body) if headers is None else headers)

    return send


@pytest.fixture
async def settled(desk):
    """Return a function that waits for the work that goes on after the answers."""

    async def wait():
        while desk.background:
            await asyncio.gather(*desk.background)

    return wait


async def test_a_success_settles_after_the_answer(post, begin, paystack, settled, payment_of, events, db):
    order, reference = await begin()
    paystack.pay(reference)
    answer = await post(charge(reference))
    assert (answer.status_code, answer.json()) == (200, {"status": "received"})
    await settled()
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert [event.brought_by for event in events(PaymentSucceeded)] == ["webhook"]
    assert stored(db) == [("charge.success", True, 1, "payment SUCCEEDED")]


async def test_repetitions_are_stored_and_worked_on_once(post, begin, paystack, settled, events, db):
    _, reference = await begin()
    paystack.pay(reference)
    body = charge(reference)
    answers = await asyncio.gather(*(post(body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    await settled()
    assert (await post(body)).status_code == 200
    assert len(stored(db)) == 1
    assert len(events(PaymentSucceeded)) == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda _: {},
        lambda _: {"x-paystack-signature": ""},
        lambda _: {"x-paystack-signature": "0" * 128},
        lambda body: {"x-paystack-signature": signed(body)["x-paystack-signature"].upper()},
        lambda body: signed(body, "sk_test_other"),
        lambda body: signed(json.dumps(json.loads(body)).encode()),
        lambda body: {**signed(body, "x"), "authorization": f"Bearer {KEY}"},
    ],
)
async def test_only_paystacks_own_signature_counts(post, begin, paystack, payment_of, db, forge):
    order, reference = await begin()
    paystack.pay(reference)
    body = charge(reference)
    answer = await post(body, forge(body))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert stored(db) == []
    assert (await payment_of(order))["status"] == "INITIALIZED"


async def test_a_bad_credential_beside_a_good_signature_is_ignored(post, begin, db):
    body = charge("x")
    answer = await post(body, {**signed(body), "authorization": "Bearer nonsense"})
    assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"event":5}', b'{"data":{}}', b"\xff\xfe"])
async def test_a_signed_body_that_is_no_event(post, desk, db, body):
    assert (await post(body)).status_code == 400
    assert stored(db) == []


async def test_the_word_of_a_webhook_alone_settles_nothing(post, begin, settled, payment_of, paystack, db):
    order, reference = await begin()
    await post(charge(reference))
    await settled()
    assert (await payment_of(order))["status"] == "INITIALIZED"
    [(_, processed, _, outcome)] = stored(db)
    assert not processed
    assert "not at one" in outcome


async def test_doubt_ends_after_some_tries(post, desk, begin, settled, paystack, db):
    _, reference = await begin()
    await post(charge(reference))
    await settled()
    for _ in range(12):
        due_again(db)
        await work_on_webhooks(desk)
    assert stored(db, "processed_at IS NOT NULL, tries") == [(True, 10)]


async def test_with_paystack_down_the_webhook_waits(post, desk, begin, settled, paystack, payment_of, db):
    order, reference = await begin()
    paystack.pay(reference)
    paystack.trouble["verify"] = [PaystackUnavailable()]
    assert (await post(charge(reference))).status_code == 200
    await settled()
    assert (await payment_of(order))["status"] == "INITIALIZED"
    await work_on_webhooks(desk)
    assert (await payment_of(order))["status"] == "INITIALIZED", "not yet due again"
    due_again(db)
    await work_on_webhooks(desk)
    assert (await payment_of(order))["status"] == "SUCCEEDED"


async def test_the_worker_finds_what_the_api_did_not_get_to(post, desk, begin, paystack, payment_of, monkeypatch):
    monkeypatch.setattr("shopsite_payments.deps.notices._MOST_IN_BACKGROUND", 0)
    order, reference = await begin()
    paystack.pay(reference)
    await post(charge(reference))
    assert not desk.background
    await work_on_webhooks(desk)
    assert (await payment_of(order))["status"] == "SUCCEEDED"


async def test_workers_at_the_same_time_share_the_webhooks(post, desk, begin, paystack, events, monkeypatch):
    monkeypatch.setattr("shopsite_payments.deps.notices._MOST_IN_BACKGROUND", 0)
    for number in range(20):
        _, reference = await begin()
        paystack.pay(reference)
        await post(charge(reference, id=number + 1))
    await asyncio.gather(*(work_on_webhooks(desk) for _ in range(4)))
    assert len(events(PaymentSucceeded)) == 20
    assert paystack.calls["verify"] == 20


async def test_what_a_dead_process_was_at_is_taken_over_within_seconds(post, desk, begin, paystack, db, monkeypatch):
    monkeypatch.setattr("shopsite_payments.deps.notices._MOST_IN_BACKGROUND", 0)
    _, reference = await begin()
    await post(charge(reference))
    asked = asyncio.Event()

    async def never_answer(_reference):
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(paystack, "verify", never_answer)
    work = asyncio.create_task(work_on_webhooks(desk))
    await asked.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert stored(db, "processed_at IS NULL, next_try_at < now() + interval '15 seconds'") == [(True, True)]


async def test_a_failure_of_ours_does_not_lose_the_webhook(post, desk, begin, settled, paystack, payment_of, db):
    order, reference = await begin()
    paystack.pay(reference)
    paystack.trouble["verify"] = [ZeroDivisionError("a bug")]
    await post(charge(reference))
    await settled()
    assert stored(db, "processed_at IS NOT NULL, outcome") == [(False, "ZeroDivisionError: a bug")]
    due_again(db)
    await work_on_webhooks(desk)
    assert (await payment_of(order))["status"] == "SUCCEEDED"


async def test_an_unknown_reference_is_kept_and_harmless(post, desk, settled, db):
    await post(charge("somebody-elses"))
    await settled()
    assert stored(db) == [("charge.success", True, 1, "unknown reference")]


async def test_other_events_are_stored_and_ignored(post, desk, settled, db):
    await post(compact({"event": "subscription.create", "data": {"id": 5}}))
    await settled()
    assert stored(db) == [("subscription.create", True, 1, "ignored")]


async def test_a_refund_made_in_the_dashboard_is_recorded_and_blocks(
    post, begin, settled, paystack, payment_of, events
):
    order, reference = await begin()
    paystack.pay(reference)
    await post(charge(reference))
    await settled()
    paystack.refund_outside(reference, order.total, status=RefundStatus.PROCESSED)
    hint = compact({"event": "refund.processed", "data": {"transaction_reference": reference, "amount": "250000"}})
    await post(hint)
    await settled()
    payment = await payment_of(order)
    assert payment["status"] == "REFUNDED"
    [refund] = payment["refunds"]
    assert (refund["reason"], refund["status"], refund["amount"]) == ("external", "PROCESSED", "2500.00")
    assert [event.reason for event in events(PaymentHeld)] == ["external_refund"]
    await post(hint)
    await settled()
    assert len(events(PaymentHeld)) == 1


async def test_a_refund_hint_that_overtakes_its_charge_settles_first(post, begin, settled, paystack, payment_of):
    order, reference = await begin()
    paystack.pay(reference)
    paystack.refund_outside(reference, order.total / 2)
    await post(compact({"event": "refund.pending", "data": {"transaction_reference": reference, "amount": "125000"}}))
    await settled()
    payment = await payment_of(order)
    assert payment["status"] == "REFUNDING"
    assert payment["refunds"][0]["amount"] == "1250.00"


def dispute(reference, what="create", **changes):
    data = {
        "id": 2867,
        "refund_amount": 250000,
        "currency": "NGN",
        "status": "awaiting-merchant-feedback",
        "resolution": None,
        "category": "chargeback",
        "transaction": {"reference": reference},
    }
    return compact({"event": f"charge.dispute.{what}", "data": data | changes})


async def test_a_dispute_is_recorded_and_told_once(post, begin, settled, paystack, events, db):
    order, reference = await begin()
    paystack.pay(reference)
    for body in (
        dispute(reference),
        dispute(reference),
        dispute(reference, "remind"),
        dispute(reference, "resolve", status="resolved", resolution="declined"),
    ):
        await post(body)
        await settled()
    [event] = events(PaymentHeld)
    assert (event.reason, event.held_until, event.paid_amount) == ("disputed", None, order.total)
    statement = text("SELECT status, resolution, amount::text FROM disputes")
    rows = db.run_here(lambda session: [tuple(row) for row in session.connection().execute(statement)])
    assert rows == [("resolved", "declined", "2500.00")]
    [released] = events(PaymentReleased)
    assert (released.order_id, released.reference) == (order.order_id, reference)


WON = {"status": "resolved", "resolution": "declined"}


async def test_only_the_last_dispute_that_is_won_sets_a_payment_free(post, begin, settled, paystack, events):
    _, reference = await begin()
    paystack.pay(reference)
    lost = {"status": "resolved", "resolution": "merchant-accepted"}
    bodies = (
        dispute(reference),
        dispute(reference, id=2868),
        dispute(reference, "resolve", **WON),
        dispute(reference, "resolve", id=2868, **lost),
    )
    for body in bodies:
        await post(body)
        await settled()
    assert len(events(PaymentHeld)) == 2
    assert events(PaymentReleased) == []


async def test_a_dispute_that_is_won_before_it_is_heard_of_blocks_nothing(post, begin, settled, paystack, events, db):
    _, reference = await begin()
    paystack.pay(reference)
    for body in (dispute(reference, "resolve", **WON), dispute(reference), dispute(reference, "remind", amount=1)):
        await post(body)
        await settled()
    assert events(PaymentHeld) == events(PaymentReleased) == []
    statement = text("SELECT status FROM disputes")
    assert db.run_here(lambda session: session.connection().execute(statement).scalars().all()) == ["resolved"]


async def test_a_refund_in_the_dashboard_outlives_a_won_dispute(post, begin, settled, paystack, events):
    order, reference = await begin()
    paystack.pay(reference)
    await post(dispute(reference))
    await settled()
    paystack.refund_outside(reference, order.total / 2, status=RefundStatus.PROCESSED)
    await post(compact({"event": "refund.processed", "data": {"transaction_reference": reference, "amount": "125000"}}))
    await settled()
    await post(dispute(reference, "resolve", **WON))
    await settled()
    assert {event.reason for event in events(PaymentHeld)} == {"disputed", "external_refund"}
    assert events(PaymentReleased) == []


async def test_an_erased_customers_webhooks_name_nobody(post, begin, settled, paystack, deliver, db):
    order, reference = await begin()
    paystack.pay(reference)
    await post(charge(reference))
    await settled()
    deliver(CustomerDeleted(customer_id=order.customer_id))
    await post(dispute(reference, customer={"email": "ada@example.com"}))
    await settled()
    bodies = b"".join(bytes(body) for (body,) in stored(db, "body"))
    assert len(stored(db)) == 2
    for personal in ("ada@example.com", "Zoë", "41.242.49.37"):
        assert personal.encode() not in bodies
    assert reference.encode() in bodies


async def test_old_webhooks_go_and_waiting_ones_stay(post, begin, settled, paystack, db):
    _, reference = await begin()
    paystack.pay(reference)
    await post(charge(reference))
    await settled()
    assert db.run_here(delete_old_webhooks, before=utcnow() - timedelta(days=1)) == 0
    assert db.run_here(delete_old_webhooks, before=utcnow() + timedelta(seconds=1)) == 1
