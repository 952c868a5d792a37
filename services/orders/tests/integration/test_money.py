"""What payments tells, in every order, and the clock."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.errors import NotFound
from shopsite_common.events import (
    EmailFailed,
    EmailSent,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    PaymentInitiated,
)
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, emitted, event_of
from shopsite_orders.consumers import HANDLERS
from shopsite_orders.errors import RefundUnderWay, ShippingBlocked
from shopsite_orders.service import reading, steps

pytestmark = pytest.mark.integration

NOW = utcnow()
DAY = timedelta(days=1)


def order_now(shop, order):
    return shop.db.run_here(reading.get_row, order_id=order.id)


def told(session, kind):
    return [event for event in emitted(session, "orders") if isinstance(event, kind)]


def ship(shop, order):
    return shop.db.run_here(steps.ship_order, order_id=order.id, admin_id=uuid7(), tracking_number=None, carrier=None)


def cancel(shop, order):
    return shop.db.run_here(steps.cancel_order, order_id=order.id, user_id=order.customer_id, is_admin=False)


def test_a_payment_goes_from_its_beginning_to_processing(shop, session):
    order = shop.place()
    shop.begin(order)
    assert order_now(shop, order).status == "PENDING"
    shop.pay(order, at=NOW)
    now = order_now(shop, order)
    assert (now.status, now.paid_at) == ("PROCESSING", NOW)
    paid = told(session, OrderPaid)[0]
    assert (paid.reference, paid.channel, paid.paid_at, paid.total) == ("ref-1", "card", NOW, Decimal("20.00"))


def test_an_event_handled_before_has_no_effect(shop, session):
    order = shop.place()
    data = PaymentInitiated(**shop._about(order))
    event = event_of(data)
    assert [deliver(shop.db, HANDLERS, event) for _ in range(3)] == [["done"], ["duplicate"], ["duplicate"]]
    assert len(shop.db.run_here(reading.get_view, order_id=order.id).history) == 2


def test_a_payment_that_overtakes_its_beginning_is_not_set_back(shop):
    order = shop.place()
    shop.pay(order)
    shop.begin(order)
    assert order_now(shop, order).status == "PROCESSING"


def test_a_declined_payment_is_in_the_history_and_the_order_waits(shop):
    order = shop.place()
    shop.begin(order)
    shop.decline(order)
    view = shop.db.run_here(reading.get_view, order_id=order.id)
    assert view.order.status == "PENDING"
    assert (view.history[-1].status, view.history[-1].text) == ("PENDING", "Payment declined: Declined")


def test_an_event_of_an_unknown_order_is_an_error_that_is_retried(shop):
    order = shop.place()
    stranger = PaymentInitiated(**shop._about(order) | {"order_id": uuid7()})
    with pytest.raises(NotFound):
        shop.hear(stranger)


def test_a_cancelled_paid_order_ends_refunded(shop, session):
    order = shop.place()
    shop.pay(order)
    cancel(shop, order)
    assert [event.paid for event in told(session, OrderCancelled)] == [True]
    refund_id = uuid7()
    shop.start_refund(order, refund_id=refund_id, reason="order_cancelled")
    assert order_now(shop, order).status == "CANCELLED"
    shop.finish_refund(order, refund_id=refund_id, reason="order_cancelled")
    assert order_now(shop, order).status == "REFUNDED"
    assert [event.restock for event in told(session, OrderRefunded)] == [False]


def test_late_money_of_a_cancelled_order_is_returned(shop, session):
    order = shop.place()
    cancel(shop, order)
    shop.pay(order)
    now = order_now(shop, order)
    assert (now.status, now.paid_at) == ("CANCELLED", None)
    assert told(session, OrderPaid) == []
    assert [(event.reason, event.paid) for event in told(session, OrderCancelled)] == [
        ("customer", False),
        ("customer", True),
    ]
    shop.finish_refund(order, reason="late_payment")
    assert order_now(shop, order).status == "REFUNDED"


def test_an_admins_full_refund_brings_back_the_stock_of_what_has_not_left(shop, session):
    order = shop.place()
    shop.pay(order)
    refund_id = uuid7()
    shop.start_refund(order, refund_id=refund_id)
    with pytest.raises(RefundUnderWay):
        ship(shop, order)
    shop.finish_refund(order, refund_id=refund_id)
    assert order_now(shop, order).status == "REFUNDED"
    assert [event.restock for event in told(session, OrderRefunded)] == [True]


def test_parts_that_add_up_are_a_full_refund_and_a_part_is_none(shop, session):
    order = shop.place()
    shop.pay(order)
    shop.finish_refund(order, "5.00", full=False)
    ship(shop, order)
    assert order_now(shop, order).refunded == 5
    shop.finish_refund(order, "15.00", full=True)
    assert order_now(shop, order).status == "REFUNDED"
    assert [event.restock for event in told(session, OrderRefunded)] == [False]


def test_a_failed_refund_lets_the_order_leave_and_one_that_needs_attention_does_not(shop):
    order = shop.place()
    shop.pay(order)
    refund_id = uuid7()
    shop.start_refund(order, refund_id=refund_id, sequence=10)
    shop.fail_refund(order, refund_id=refund_id, status="NEEDS_ATTENTION", sequence=11)
    with pytest.raises(RefundUnderWay):
        ship(shop, order)
    shop.fail_refund(order, refund_id=refund_id, sequence=12)
    shop.start_refund(order, refund_id=refund_id, sequence=10)
    assert ship(shop, order).order.status == "SHIPPED"


def test_a_processed_refund_stays_processed_whatever_comes_late(shop):
    order = shop.place()
    shop.pay(order)
    refund_id = uuid7()
    shop.finish_refund(order, refund_id=refund_id, sequence=5)
    shop.start_refund(order, refund_id=refund_id, sequence=4)
    shop.fail_refund(order, refund_id=refund_id, sequence=6)
    now = order_now(shop, order)
    assert (now.status, now.refunded) == ("REFUNDED", 20)


def test_a_refund_that_overtakes_its_payment_is_not_lost(shop, session):
    order = shop.place()
    shop.finish_refund(order)
    assert order_now(shop, order).status == "CREATED"
    shop.pay(order)
    assert order_now(shop, order).status == "REFUNDED"
    assert len(told(session, OrderPaid)) == len(told(session, OrderRefunded)) == 1


def test_a_returned_second_payment_counts_towards_nothing(shop):
    order = shop.place()
    shop.pay(order)
    shop.start_refund(order, reason="duplicate_payment")
    shop.finish_refund(order, reason="duplicate_payment")
    now = order_now(shop, order)
    assert (now.status, now.refunded, now.refund_pending) == ("PROCESSING", 0, False)


def test_held_money_rests_the_deadline_until_its_own_term(shop, session):
    order = shop.place(term=timedelta(seconds=0))
    shop.hold(order, until=NOW + 3 * DAY)
    shop.db.run_here(steps.cancel_overdue, now=utcnow())
    assert order_now(shop, order).status == "PENDING"
    shop.db.run_here(steps.cancel_overdue, now=NOW + 4 * DAY)
    assert order_now(shop, order).status == "CANCELLED"
    assert [(event.reason, event.paid) for event in told(session, OrderCancelled)] == [("payment_held", True)]
    shop.finish_refund(order, "1.00", reason="payment_held")
    assert order_now(shop, order).status == "REFUNDED"


def test_an_admin_who_refunds_all_held_money_ends_the_order(shop, session):
    order = shop.place()
    shop.hold(order, until=NOW + 3 * DAY)
    refund_id = uuid7()
    shop.start_refund(order, "1.00", refund_id=refund_id)
    shop.finish_refund(order, "1.00", refund_id=refund_id)
    view = shop.db.run_here(reading.get_view, order_id=order.id)
    assert [entry.status for entry in view.history] == ["CREATED", "PENDING", "CANCELLED", "REFUNDED"]
    assert [event.restock for event in told(session, OrderRefunded)] == [False]


def test_a_held_order_can_be_cancelled_and_its_money_goes_back(shop, session):
    order = shop.place()
    shop.hold(order, until=NOW + 3 * DAY)
    cancel(shop, order)
    assert [event.paid for event in told(session, OrderCancelled)] == [True]


@pytest.mark.parametrize("reason", ["disputed", "external_refund"])
def test_a_dispute_blocks_shipping_until_it_is_released(shop, reason):
    order = shop.place()
    shop.pay(order)
    shop.hold(order, reason=reason)
    with pytest.raises(ShippingBlocked):
        ship(shop, order)
    shop.db.run_here(steps.release_order, order_id=order.id)
    assert ship(shop, order).order.status == "SHIPPED"


def test_a_won_dispute_lets_the_order_leave(shop):
    order = shop.place()
    shop.pay(order)
    shop.hold(order, reason="disputed")
    shop.release(order)
    assert ship(shop, order).order.status == "SHIPPED"
    kinds = [
        row.kind for row in shop.db.run_here(reading.get_timeline, order_id=order.id, customer_id=order.customer_id)
    ]
    assert [kind for kind in kinds if "dispute" in kind or "released" in kind] == [
        "payment_disputed",
        "shipping_released",
    ]


def test_what_comes_late_neither_blocks_nor_frees_an_order(shop):
    won, contested = shop.place(), shop.place()
    for order in (won, contested):
        shop.pay(order)
    shop.release(won, sequence=8)
    shop.hold(won, reason="disputed", sequence=7)
    assert ship(shop, won).order.status == "SHIPPED"
    shop.hold(contested, reason="external_refund", sequence=9)
    shop.release(contested, sequence=8)
    with pytest.raises(ShippingBlocked):
        ship(shop, contested)


def test_unpaid_orders_end_when_their_time_is_over(shop, session):
    late, in_time, paid = shop.place(term=timedelta(0)), shop.place(), shop.place(term=timedelta(0))
    shop.pay(paid)
    assert shop.db.run_here(steps.cancel_overdue, now=utcnow()) == 1
    assert [order_now(shop, order).status for order in (late, in_time, paid)] == ["CANCELLED", "CREATED", "PROCESSING"]
    assert [(event.order_id, event.reason, event.paid) for event in told(session, OrderCancelled)] == [
        (late.id, "unpaid", False)
    ]


def test_overdue_orders_are_ended_in_batches(shop):
    for _ in range(5):
        shop.place(term=timedelta(0))
    counts = [shop.db.run_here(steps.cancel_overdue, now=utcnow(), limit=2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]


def test_mails_are_part_of_the_story(shop):
    order = shop.place()
    about = {"email_id": uuid7(), "kind": "order_confirmation", "customer_id": order.customer_id}
    shop.hear(EmailSent(**about, order_id=order.id))
    shop.hear(EmailFailed(**about, order_id=order.id, error="mailbox full"))
    shop.hear(EmailSent(**about, order_id=None))
    rows = shop.db.run_here(reading.get_timeline, order_id=order.id, customer_id=None)
    assert [(row.kind, row.public) for row in rows[1:]] == [("mail_sent", True), ("mail_failed", False)]
