from contextlib import nullcontext

import pytest

from shopsite_bench.case import Case, at_least, at_most, over, within
from shopsite_bench.cases import CASES
from shopsite_bench.run import Result


def make_result(goal, ours, reference=()):
    case = Case("sprint", "one / another", (goal,), lambda _: nullcontext())
    return Result(case, [{goal.figure: value} for value in ours], [{goal.figure: value} for value in reference])


def test_the_ratio_is_the_median_over_the_rounds():
    goal = at_least(0.6)
    result = make_result(goal, ours=[50, 60, 10], reference=[100, 100, 100])
    assert result.ratio(goal) == pytest.approx(0.5)
    assert not result.is_good


def test_a_machine_that_slows_down_during_a_run_changes_no_ratio():
    goal = at_least(0.6)
    assert make_result(goal, ours=[70, 35, 7], reference=[100, 50, 10]).ratio(goal) == pytest.approx(0.7)


def test_a_budget_stands_for_the_reference():
    goal = within(10, "p50_ms")
    result = make_result(goal, ours=[8])
    assert (result.reference_value(goal), result.ratio(goal), result.is_good) == (10, pytest.approx(0.8), True)


def test_less_is_good_where_a_goal_says_at_most():
    assert at_most(4, "p95_ms").is_met(3.9)
    assert not at_most(4, "p95_ms").is_met(4.1)
    assert not over(0.7, "share").is_met(0.9)


def test_a_case_that_failed_is_not_good():
    assert not Result(Case("sprint", "", (), lambda _: nullcontext()), failure="fell").is_good


def test_every_case_has_a_name_of_its_own():
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))
