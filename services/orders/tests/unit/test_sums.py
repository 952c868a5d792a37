from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shopsite_common.ids import uuid7
from shopsite_orders.domain.sums import RefundPart, RefundState, SoldLine, sum_refunds, total_of

prices = st.integers(min_value=1, max_value=10_000_000_00).map(lambda cents: Decimal(cents) / 100)
quantities = st.integers(min_value=1, max_value=999)


def part(amount, state=RefundState.PROCESSED, *, full=False):
    return RefundPart(Decimal(amount), state, full)


@given(st.lists(st.tuples(prices, quantities), max_size=100))
def test_a_total_is_exact_to_the_cent(lines):
    sold = [SoldLine(uuid7(), uuid7(), "Mug", price, quantity) for price, quantity in lines]
    cents = sum(int(price * 100) * quantity for price, quantity in lines)
    assert total_of(sold) == Decimal(cents) / 100


def test_no_refunds_are_nothing():
    sums = sum_refunds([], total=Decimal(10), bought=True)
    assert (sums.refunded, sums.pending, sums.complete) == (0, False, False)


def test_parts_that_add_up_to_the_total_are_a_full_refund():
    sums = sum_refunds([part("4.00"), part("6.00")], total=Decimal("10.00"), bought=True)
    assert (sums.refunded, sums.pending, sums.complete) == (10, True, True)


def test_a_part_leaves_the_order_as_it_is():
    sums = sum_refunds([part("4.00"), part("5.99", RefundState.STARTED)], total=Decimal("10.00"), bought=True)
    assert (sums.refunded, sums.pending, sums.complete) == (4, False, False)


def test_a_started_rest_is_pending_and_a_failed_one_is_not():
    done = part("4.00")
    assert sum_refunds([done, part("6.00", RefundState.STARTED)], total=Decimal(10), bought=True).pending
    assert not sum_refunds([done, part("6.00", RefundState.FAILED, full=True)], total=Decimal(10), bought=True).pending


def test_for_money_that_bought_nothing_the_word_of_payments_counts():
    assert not sum_refunds([part("12.00")], total=Decimal(10), bought=False).complete
    assert sum_refunds([part("3.00", full=True)], total=Decimal(10), bought=False).complete


@given(st.lists(st.tuples(prices, st.sampled_from(RefundState)), max_size=8), prices)
def test_complete_implies_pending_and_only_processed_money_is_refunded(parts, total):
    sums = sum_refunds([part(amount, state) for amount, state in parts], total=total, bought=True)
    assert sums.refunded == sum((amount for amount, state in parts if state is RefundState.PROCESSED), Decimal(0))
    assert sums.pending or not sums.complete
