from datetime import UTC, datetime, timedelta

import pytest

from shopsite_orders.domain import standing as rules
from shopsite_orders.domain.standing import NEXT, Reason, Standing, Status, Told
from shopsite_orders.errors import NotCancellable, NotCompletable, NotShippable, RefundUnderWay, ShippingBlocked

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOUGHT = Standing(Status.PROCESSING, bought=True, money=True)


def told(change):
    return [(step.told, step.paid, step.restock) for step in change.steps if step.told]


def statuses(change):
    return [step.status for step in change.steps]


def test_a_begun_payment_makes_an_order_pending_once():
    change = rules.begin_payment(Standing())
    assert change.standing.status is Status.PENDING
    assert rules.begin_payment(change.standing).steps == ()


def test_a_payment_that_overtakes_its_beginning_takes_created_straight_to_processing():
    change = rules.receive_payment(Standing(Status.CREATED))
    assert statuses(change) == [Status.PROCESSING]
    assert told(change) == [(Told.PAID, False, False)]
    assert rules.begin_payment(change.standing).steps == ()


def test_the_same_payment_again_tells_nothing():
    assert rules.receive_payment(BOUGHT).steps == ()


def test_a_cancelled_unpaid_order_has_nothing_to_return():
    assert told(rules.cancel(Standing(), reason=Reason.CUSTOMER)) == [(Told.CANCELLED, False, False)]


def test_a_cancelled_paid_order_returns_its_money_and_ends_refunded_without_a_second_restock():
    change = rules.cancel(BOUGHT, reason=Reason.CUSTOMER)
    assert told(change) == [(Told.CANCELLED, True, False)]
    end = rules.note_refunds(change.standing, pending=True, complete=True)
    assert told(end) == [(Told.REFUNDED, False, False)]


@pytest.mark.parametrize("status", [Status.SHIPPED, Status.COMPLETED, Status.CANCELLED, Status.REFUNDED])
def test_cannot_cancel_what_has_left_or_ended(status):
    with pytest.raises(NotCancellable):
        rules.cancel(Standing(status), reason=Reason.CUSTOMER)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PROCESSING])
def test_only_a_processing_order_is_shipped(status):
    with pytest.raises(NotShippable):
        rules.ship(Standing(status))


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.SHIPPED])
def test_only_a_shipped_order_is_completed(status):
    with pytest.raises(NotCompletable):
        rules.complete(Standing(status))


def test_a_full_refund_under_way_keeps_the_order_from_leaving_and_a_failed_one_frees_it():
    pending = rules.note_refunds(BOUGHT, pending=True, complete=False).standing
    with pytest.raises(RefundUnderWay):
        rules.ship(pending)
    freed = rules.note_refunds(pending, pending=False, complete=False).standing
    assert rules.ship(freed).standing.status is Status.SHIPPED


def test_a_dispute_keeps_the_order_from_leaving_until_it_is_released():
    blocked = rules.block_shipping(BOUGHT).standing
    with pytest.raises(ShippingBlocked):
        rules.ship(blocked)
    assert rules.ship(rules.release_shipping(blocked).standing).standing.status is Status.SHIPPED


@pytest.mark.parametrize(
    ("status", "restock"), [(Status.PROCESSING, True), (Status.SHIPPED, False), (Status.COMPLETED, False)]
)
def test_a_full_refund_returns_the_stock_of_what_has_not_left(status, restock):
    change = rules.note_refunds(Standing(status, bought=True, money=True), pending=True, complete=True)
    assert told(change) == [(Told.REFUNDED, False, restock)]


def test_late_money_for_a_cancelled_order_is_returned_and_the_order_ends_refunded():
    cancelled = rules.cancel(Standing(), reason=Reason.UNPAID).standing
    late = rules.receive_payment(cancelled)
    assert late.standing.status is Status.CANCELLED
    assert told(late) == [(Told.CANCELLED, True, False)]
    assert not late.standing.bought
    assert rules.note_refunds(late.standing, pending=True, complete=True).standing.status is Status.REFUNDED


def test_money_after_the_refund_of_a_cancelled_order_is_returned_too():
    late = rules.receive_payment(Standing(Status.REFUNDED, money=True))
    assert told(late) == [(Told.CANCELLED, True, False)]
    assert late.standing.status is Status.REFUNDED


def test_held_money_makes_the_order_pending_and_rests_its_deadline():
    held = rules.hold_payment(Standing(), until=NOW + HOUR).standing
    assert held.status is Status.PENDING
    assert rules.expire(held, due_at=NOW - HOUR, now=NOW) is None
    over = rules.expire(held, due_at=NOW - HOUR, now=NOW + HOUR)
    assert told(over) == [(Told.CANCELLED, True, False)]
    assert over.standing.cancel_reason is Reason.PAYMENT_HELD


def test_held_money_without_a_term_waits_for_an_admin():
    held = rules.hold_payment(Standing(Status.PENDING), until=None).standing
    assert rules.expire(held, due_at=NOW, now=NOW + 1000 * HOUR) is None


def test_an_admin_who_refunds_all_held_money_ends_the_order():
    held = rules.hold_payment(Standing(Status.PENDING), until=NOW).standing
    end = rules.note_refunds(held, pending=True, complete=True)
    assert statuses(end) == [Status.CANCELLED, Status.REFUNDED]
    assert told(end) == [(Told.CANCELLED, True, False), (Told.REFUNDED, False, False)]


def test_held_money_of_an_ended_order_is_returned():
    cancelled = rules.cancel(Standing(Status.PENDING), reason=Reason.CUSTOMER).standing
    assert told(rules.hold_payment(cancelled, until=NOW)) == [(Told.CANCELLED, True, False)]


def test_the_right_money_after_the_wrong_still_buys():
    held = rules.hold_payment(Standing(Status.PENDING), until=NOW).standing
    bought = rules.receive_payment(held).standing
    assert (bought.status, bought.held, bought.bought) == (Status.PROCESSING, False, True)
    assert rules.hold_payment(bought, until=NOW) == rules.Change(bought)


def test_an_order_is_cancelled_when_its_time_is_over_and_not_before():
    assert rules.expire(Standing(), due_at=NOW, now=NOW - HOUR) is None
    change = rules.expire(Standing(), due_at=NOW, now=NOW)
    assert change.standing.cancel_reason is Reason.UNPAID
    assert rules.expire(BOUGHT, due_at=NOW, now=NOW + HOUR) is None


def test_a_refund_that_overtakes_the_payment_waits_for_it():
    early = rules.note_refunds(Standing(Status.PENDING), pending=True, complete=True)
    assert early.steps == ()
    change = rules.receive_payment(early.standing)
    assert statuses(change) == [Status.PROCESSING, Status.REFUNDED]
    assert told(change) == [(Told.PAID, False, False), (Told.REFUNDED, False, True)]


def test_final_statuses_lead_nowhere_but_to_a_refund():
    assert NEXT[Status.REFUNDED] == frozenset()
    assert NEXT[Status.CANCELLED] == NEXT[Status.COMPLETED] == {Status.REFUNDED}
