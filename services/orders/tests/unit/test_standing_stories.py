"""Any story that payments, people and the clock can tell, in any order, keeps the rules."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shopsite_common.errors import Conflict
from shopsite_orders.domain import standing as rules
from shopsite_orders.domain.standing import NEXT, Reason, Standing, Status, Told

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LATER = NOW + timedelta(days=4)

ACTS = {
    "begin": rules.begin_payment,
    "pay": rules.receive_payment,
    "hold": lambda standing: rules.hold_payment(standing, until=NOW),
    "dispute": rules.block_shipping,
    "release": rules.release_shipping,
    "cancel": lambda standing: rules.cancel(standing, reason=Reason.CUSTOMER),
    "expire": lambda standing: rules.expire(standing, due_at=NOW, now=LATER) or rules.Change(standing),
    "ship": rules.ship,
    "complete": rules.complete,
    "refund begins": lambda standing: rules.note_refunds(standing, pending=True, complete=False),
    "refund fails": lambda standing: rules.note_refunds(standing, pending=False, complete=False),
    "all refunded": lambda standing: rules.note_refunds(standing, pending=True, complete=True),
}


def tell(acts):
    standing, steps, story = Standing(), [], []
    for act in acts:
        try:
            change = ACTS[act](standing)
        except Conflict:
            continue
        steps.extend(change.steps)
        story.append((act, standing, change))
        standing = change.standing
    return standing, steps, story


stories = st.lists(st.sampled_from(sorted(ACTS)), max_size=14)


@given(stories)
def test_every_step_is_in_the_table(acts):
    _, steps, _ = tell(acts)
    status = Status.CREATED
    for step in steps:
        assert step.status is status or step.status in NEXT[status]
        status = step.status


@given(stories)
def test_the_standing_is_where_the_last_step_led(acts):
    standing, steps, _ = tell(acts)
    assert standing.status is (steps[-1].status if steps else Status.CREATED)


@given(stories)
def test_stock_comes_back_at_most_once_and_never_after_shipping(acts):
    _, steps, _ = tell(acts)
    ended = [step for before, step in zip([None, *steps], steps, strict=False) if _returns_stock(before, step)]
    assert len(ended) <= 1
    if any(step.told is Told.SHIPPED for step in steps):
        assert ended == []


def _returns_stock(before, step):
    first_cancel = step.told is Told.CANCELLED and (before is None or before.status is not step.status)
    return first_cancel or step.restock


@given(stories)
def test_paid_shipped_completed_and_refunded_are_told_once(acts):
    _, steps, _ = tell(acts)
    for told in (Told.PAID, Told.SHIPPED, Told.COMPLETED, Told.REFUNDED):
        assert sum(step.told is told for step in steps) <= 1


@given(stories)
def test_nothing_leaves_that_is_unpaid_disputed_or_refunded(acts):
    for act, before, change in tell(acts)[2]:
        if act == "ship" and change.steps:
            assert before.bought
            assert [before.shipping_blocked, before.refund_pending, before.fully_refunded] == [False] * 3


@given(stories)
def test_money_for_an_ended_order_is_always_told_to_be_returned(acts):
    for act, before, change in tell(acts)[2]:
        ended = before.status in {Status.CANCELLED, Status.REFUNDED} and not before.bought
        if act in {"pay", "hold"} and ended:
            assert any(step.told is Told.CANCELLED and step.paid for step in change.steps)


@given(stories)
def test_a_cancellation_tells_of_money_exactly_if_some_came(acts):
    for _, before, change in tell(acts)[2]:
        for step in change.steps:
            if step.told is Told.CANCELLED:
                assert step.paid is (before.money or change.standing.money)
