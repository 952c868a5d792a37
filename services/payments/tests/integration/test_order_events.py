from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import (
    CustomerDeleted,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderRefunded,
    PaymentHeld,
    RefundStarted,
)
from shopsite_payments.deps.settling import settle, verify_due

pytestmark = pytest.mark.integration


def about(order):
    return {
        "order_id": order.order_id,
        "number": order.number,
        "customer_id": order.customer_id,
        "items": [],
        "total": order.total,
        "currency": order.currency,
    }


def cancelled(order, *, paid, reason="customer", at=None):
    return OrderCancelled(**about(order), reason=reason, paid=paid, cancelled_at=at or utcnow())


def sql(db, statement, **values):
    return db.run_here(lambda session: session.connection().execute(text(statement), values).all())


def pass_time(db, seconds):
    sql(
        db,
        "UPDATE payment_attempts SET next_check_at = next_check_at - make_interval(secs => :seconds) RETURNING 1",
        seconds=seconds,
    )


async def test_a_cancelled_paid_order_gets_what_is_left_back(desk, begin, paystack, deliver, payment_of, events):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    event = cancelled(order, paid=True)
    assert deliver(event) == ["done"]
    deliver(event)
    deliver(cancelled(order, paid=True))
    payment = await payment_of(order)
    assert payment["status"] == "REFUNDING"
    [refund] = payment["refunds"]
    assert (refund["amount"], refund["reason"]) == ("2500.00", "order_cancelled")
    assert [started.full for started in events(RefundStarted)] == [True]


async def test_a_part_that_went_back_before_is_not_refunded_twice(
    client, desk, begin, paystack, deliver, payment_of, headers
):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    payment_id = (await payment_of(order))["id"]
    await client.post(f"/api/payment/{payment_id}/refund/", json={"amount": "1000.00"}, headers=headers(role="admin"))
    deliver(cancelled(order, paid=True))
    amounts = [refund["amount"] for refund in (await payment_of(order))["refunds"]]
    assert amounts == ["1000.00", "1500.00"]


async def test_late_money_goes_back_when_orders_says_so(desk, begin, paystack, deliver, payment_of, events):
    order, reference = await begin()
    at = utcnow()
    deliver(cancelled(order, paid=False, reason="unpaid", at=at))
    paystack.pay(reference, paid_at=at + timedelta(minutes=5))
    await settle(desk, reference)
    assert (await payment_of(order))["status"] == "SUCCEEDED", "orders decides"
    deliver(cancelled(order, paid=True, reason="unpaid", at=at), sequence=2)
    [refund] = (await payment_of(order))["refunds"]
    assert refund["reason"] == "late_payment"


async def test_an_unpaid_cancelled_order_refunds_nothing(desk, begin, deliver, payment_of):
    order, _ = await begin()
    deliver(cancelled(order, paid=False))
    deliver(cancelled(order, paid=True))
    assert (await payment_of(order))["refunds"] == []


@pytest.mark.parametrize("paid", [True, False])
async def test_held_money_of_a_cancelled_order_goes_back(desk, begin, paystack, deliver, payment_of, paid):
    order, reference = await begin()
    paystack.pay(reference, amount=Decimal("1.00"))
    await settle(desk, reference)
    deliver(cancelled(order, paid=paid, reason="payment_held"))
    payment = await payment_of(order)
    assert payment["status"] == "REFUNDING"
    [refund] = payment["refunds"]
    assert (refund["amount"], refund["reason"]) == ("1.00", "payment_held")


async def test_money_that_does_not_fit_a_cancelled_order_goes_back_at_once(
    desk, begin, paystack, deliver, payment_of, events
):
    order, reference = await begin()
    deliver(cancelled(order, paid=False))
    paystack.pay(reference, amount=Decimal("1.00"))
    await settle(desk, reference)
    [refund] = (await payment_of(order))["refunds"]
    assert (refund["amount"], refund["reason"]) == ("1.00", "late_payment")
    assert len(events(PaymentHeld)) == 1
    deliver(cancelled(order, paid=True), sequence=2)
    assert len((await payment_of(order))["refunds"]) == 1


async def test_an_ended_orders_page_is_looked_at_once_more_and_no_longer(desk, begin, paystack, deliver, db):
    order, _ = await begin()
    deliver(cancelled(order, paid=False))
    pass_time(db, 50)
    await verify_due(desk)
    assert paystack.calls["verify"] == 0
    pass_time(db, 15)
    await verify_due(desk)
    assert paystack.calls["verify"] == 1
    assert sql(db, "SELECT 1 FROM payment_attempts WHERE next_check_at IS NOT NULL") == []


@pytest.mark.parametrize("kind", ["completed", "refunded"])
async def test_a_completed_or_refunded_order_is_final_too(desk, begin, deliver, db, kind):
    order, _ = await begin()
    if kind == "completed":
        event = OrderCompleted(
            order_id=order.order_id, number="SO-1", customer_id=order.customer_id, completed_at=utcnow()
        )
    else:
        event = OrderRefunded(**about(order), restock=True, refunded_at=utcnow())
    assert deliver(event) == ["done"]
    assert sql(db, "SELECT last_check FROM payment_attempts") == [(True,)]
    first = sql(db, "SELECT final_at FROM order_states")
    deliver(event)
    assert sql(db, "SELECT final_at FROM order_states") == first


async def test_a_paid_order_goes_on_being_watched(desk, begin, deliver, db):
    order, reference = await begin()
    paid = OrderPaid(**about(order), payment_id=order.order_id, reference=reference, channel="card", paid_at=utcnow())
    deliver(paid)
    assert sql(db, "SELECT paid_at IS NOT NULL, final_at FROM order_states") == [(True, None)]
    assert sql(db, "SELECT last_check FROM payment_attempts") == [(False,)]


async def test_an_order_that_nobody_began_to_pay(db, deliver, orders):
    order = orders.place()
    deliver(cancelled(order, paid=False))
    assert sql(db, "SELECT count(*) FROM payments") == [(0,)]


async def test_an_erased_customers_kept_answers_are_forgotten(client, desk, orders, headers, deliver, db):
    order = orders.place()
    body = {"order_id": str(order.order_id)}
    await client.post("/api/pay/", json=body, headers={**headers(order.customer_id), "Idempotency-Key": "k"})
    assert sql(db, "SELECT count(*) FROM idempotency_keys") == [(1,)]
    deliver(CustomerDeleted(customer_id=order.customer_id))
    deliver(CustomerDeleted(customer_id=order.customer_id))
    assert sql(db, "SELECT count(*) FROM idempotency_keys") == [(0,)]
    assert sql(db, "SELECT count(*) FROM payments") == [(1,)]
