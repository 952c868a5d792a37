import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import PaymentFailed, PaymentHeld, PaymentInitiated, PaymentSucceeded, RefundStarted
from shopsite_payments.deps.settling import settle, verify_due
from shopsite_payments.domain.payments import PaymentStatus
from shopsite_payments.errors import PaystackUnavailable, UnknownReference

pytestmark = pytest.mark.integration


def due(db, *, minutes=0):
    """Make every attempt due, as if that time had passed."""
    statement = text("UPDATE payment_attempts SET next_check_at = next_check_at - make_interval(mins => :minutes)")
    db.run_here(lambda session: session.connection().execute(statement, {"minutes": minutes + 1}) and None)


def watched(db):
    statement = text("SELECT reference FROM payment_attempts WHERE next_check_at IS NOT NULL")
    return set(db.run_here(lambda session: session.connection().execute(statement).scalars().all()))


async def test_a_success_is_told_once(desk, begin, paystack, payment_of, events):
    order, reference = await begin()
    paystack.pay(reference)
    for _ in range(3):
        assert (await settle(desk, reference)).status == PaymentStatus.SUCCEEDED
    payment = await payment_of(order)
    assert (payment["status"], payment["channel"], payment["reference"]) == ("SUCCEEDED", "card", reference)
    assert payment["paid_at"] == "2026-11-24T09:00:00.000000Z"
    assert payment["paid_amount"] is None
    [event] = events(PaymentSucceeded)
    assert (event.amount, event.reference, event.channel) == (order.total, reference, "card")
    assert event.brought_by == "check"


async def test_five_hundred_at_once_settle_once(desk, begin, paystack, events):
    _, reference = await begin()
    paystack.pay(reference)
    standings = await asyncio.gather(*(settle(desk, reference) for _ in range(500)))
    assert {standing.status for standing in standings} == {PaymentStatus.SUCCEEDED}
    assert len(events(PaymentSucceeded)) == 1


@pytest.mark.parametrize("paid", [{"amount": Decimal("2499.99")}, {"amount": Decimal("2500.01")}, {"currency": "USD"}])
async def test_money_that_does_not_fit_is_held(client, desk, begin, paystack, payment_of, events, headers, paid):
    order, reference = await begin()
    paystack.pay(reference, **paid)
    assert (await settle(desk, reference)).status == PaymentStatus.HELD
    payment = await payment_of(order)
    assert payment["status"] == "HELD"
    assert payment["paid_amount"] == str(paid.get("amount", "2500.00"))
    assert payment["paid_currency"] == paid.get("currency", "NGN")
    [event] = events(PaymentHeld)
    assert (event.reason, event.amount, event.paid_amount) == (
        "amount_mismatch",
        order.total,
        Decimal(payment["paid_amount"]),
    )
    assert timedelta(hours=71) < event.held_until - utcnow() < timedelta(hours=73)
    assert events(PaymentSucceeded) == []
    again = await client.post("/api/pay/", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id))
    assert (again.status_code, again.json()["code"]) == (409, "payment_held")


async def test_a_declined_attempt_is_told_once_and_a_new_one_begins(
    client, desk, begin, paystack, payment_of, events, headers
):
    order, reference = await begin()
    paystack.tell(reference, status="failed", message="Insufficient Funds")
    await settle(desk, reference)
    await settle(desk, reference)
    [event] = events(PaymentFailed)
    assert event.reason == "Insufficient Funds"
    assert (await payment_of(order))["status"] == "FAILED"
    answer = await client.post("/api/pay/", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id))
    payment = await payment_of(order)
    assert payment["status"] == "INITIALIZED"
    assert payment["reference"] == answer.json()["data"]["reference"] != reference
    assert len(events(PaymentInitiated)) == 2


async def test_a_declined_page_may_be_paid_later(desk, begin, paystack, payment_of, events):
    order, reference = await begin()
    paystack.tell(reference, status="failed")
    await settle(desk, reference)
    paystack.pay(reference)
    await settle(desk, reference)
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert len(events(PaymentSucceeded)) == 1


@pytest.mark.parametrize("status", ["abandoned", "ongoing", "pending", "queued"])
async def test_an_unfinished_transaction_stays_open(desk, begin, paystack, payment_of, events, status):
    order, reference = await begin()
    paystack.tell(reference, status=status)
    await settle(desk, reference)
    assert (await payment_of(order))["status"] == "INITIALIZED"
    assert [type(event) for event in events()] == [PaymentInitiated]


async def test_a_second_attempt_that_also_paid_goes_back(client, desk, begin, paystack, payment_of, events, headers):
    order, first = await begin()
    paystack.tell(first, status="failed")
    await settle(desk, first)
    answer = await client.post("/api/pay/", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id))
    second = answer.json()["data"]["reference"]
    paystack.pay(second)
    paystack.pay(first)
    await asyncio.gather(*(settle(desk, reference) for reference in (second, first) * 20))
    payment = await payment_of(order)
    assert payment["status"] == "SUCCEEDED"
    [refund] = payment["refunds"]
    assert (refund["reason"], refund["amount"], refund["status"]) == ("duplicate_payment", "2500.00", "PENDING")
    assert len(events(PaymentSucceeded)) == 1
    [started] = events(RefundStarted)
    assert (started.reason, started.full) == ("duplicate_payment", False)
    assert {started.reference, payment["reference"]} == {first, second}


async def test_an_unknown_reference(desk):
    with pytest.raises(UnknownReference):
        await settle(desk, "nobody-knows-it")


async def test_paystack_down_changes_nothing(desk, begin, paystack, payment_of):
    order, reference = await begin()
    paystack.trouble["verify"] = [PaystackUnavailable()]
    with pytest.raises(PaystackUnavailable):
        await settle(desk, reference)
    assert (await payment_of(order))["status"] == "INITIALIZED"


async def test_the_poller_finds_a_success_that_no_webhook_brought(desk, begin, paystack, payment_of, db):
    order, reference = await begin()
    paystack.pay(reference)
    await verify_due(desk)
    assert paystack.calls["verify"] == 0, "not due yet"
    due(db)
    await verify_due(desk)
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert watched(db) == set()


async def test_an_open_attempt_is_looked_at_within_the_interval_again_and_again(desk, begin, paystack, db):
    _, reference = await begin()
    for looks in range(1, 4):
        due(db)
        await verify_due(desk)
        assert paystack.calls["verify"] == looks
        [moment] = db.run_here(
            lambda session: (
                session.connection().execute(text("SELECT next_check_at FROM payment_attempts")).scalars().all()
            )
        )
        assert utcnow() < moment < utcnow() + timedelta(seconds=60)
    assert watched(db) == {reference}


async def test_pollers_at_the_same_time_share_the_work(desk, begin, paystack, db):
    for _ in range(20):
        await begin()
    due(db)
    await asyncio.gather(*(verify_due(desk) for _ in range(4)))
    assert paystack.calls["verify"] == 20


async def test_what_could_not_be_verified_is_tried_again_soon(desk, begin, paystack, db):
    await begin()
    due(db)
    paystack.trouble["verify"] = [PaystackUnavailable()]
    await verify_due(desk)
    [moment] = db.run_here(
        lambda session: session.connection().execute(text("SELECT next_check_at FROM payment_attempts")).scalars().all()
    )
    assert moment < utcnow() + timedelta(seconds=6)


async def test_an_opening_that_paystack_never_heard_of_is_given_up(desk, begin, paystack, db):
    _, reference = await begin()
    statement = text("UPDATE payment_attempts SET state = 'LOST', created_at = created_at - interval '10 minutes'")
    db.run_here(lambda session: session.connection().execute(statement) and None)
    del paystack.transactions[reference]
    await settle(desk, reference)
    assert watched(db) == set()


async def test_a_transaction_reversed_before_we_knew_of_it(desk, begin, paystack, payment_of, events):
    order, reference = await begin()
    paystack.pay(reference, status="reversed")
    paystack.refund_outside(reference, order.total)
    await settle(desk, reference)
    payment = await payment_of(order)
    assert [refund["reason"] for refund in payment["refunds"]] == ["external"]
    assert [event.reason for event in events(PaymentHeld)] == ["external_refund"]
