"""The guard of budgets guards."""

import pytest

from shopsite_common.testing.costs import Cost, Costs, Counter, rows_of

TABLE = """
# a comment
cart  get_cart  own  2  1  300

orders  get_order  own  3  0  900
"""


@pytest.fixture
def spare():
    return []


@pytest.fixture
def costs(tmp_path, spare):
    table = tmp_path / "budgets.txt"
    table.write_text(TABLE)
    return Costs(Counter(), table, spare)


@pytest.mark.parametrize("cost", [Cost(3, 1, 300), Cost(2, 2, 300), Cost(2, 1, 301)])
def test_each_figure_may_not_rise(costs, spare, cost):
    with pytest.raises(AssertionError, match=r"cart +get_cart +own"):
        costs.check("cart", {"get_cart, own": cost})
    assert spare == []


def test_a_fall_is_told_and_fails_nothing(costs, spare):
    costs.check("cart", {"get_cart, own": Cost(1, 1, 300)})
    assert [line.split() for line in spare] == [["cart", "get_cart", "own", "1", "1", "300"]]


def test_the_same_as_ever_says_nothing(costs, spare):
    costs.check("cart", {"get_cart, own": Cost(2, 1, 300)})
    assert spare == []


def test_no_line_stays_unmeasured_and_nothing_is_measured_without_a_line(costs):
    with pytest.raises(AssertionError, match="nothing measures"):
        costs.check("cart", {})
    with pytest.raises(AssertionError, match="empty_cart"):
        costs.check("cart", {"get_cart, own": Cost(2, 1, 300), "empty_cart, own": Cost(1, 0, 0)})


def test_the_longest_list_counts_wherever_it_is():
    assert rows_of({"results": [{"items": [1, 2, 3]}]}) == 3
    assert rows_of([]) == rows_of({"count": 0}) == 0
