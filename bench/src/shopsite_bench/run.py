"""Running cases: the two sides take turns, medians count, and one that fails does not stop the others."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from shopsite_bench.case import Case, Figures, Goal, Measure, Sides
from shopsite_bench.stage import Stage


@dataclass
class Result:
    """What a case came to.

    Attributes:
        case: which.
        ours, reference: what each round measured; empty where the case failed, or there is no other side.
        failure: why there is nothing, or "".
        seconds: how long it took.
    """

    case: Case
    ours: list[Figures] = field(default_factory=list)
    reference: list[Figures] = field(default_factory=list)
    failure: str = ""
    seconds: float = 0.0

    def value(self, figure: str) -> float:
        """The median of a figure of ours."""
        return median(each[figure] for each in self.ours)

    def reference_value(self, goal: Goal) -> float:
        """The median of the reference's, or the budget."""
        return median(each[goal.figure] for each in self.reference) if goal.budget is None else goal.budget

    def ratio(self, goal: Goal) -> float:
        """The median over the rounds of ours divided by the reference's of the same round."""
        if goal.budget is not None:
            return self.value(goal.figure) / goal.budget
        rounds = zip(self.ours, self.reference, strict=True)
        return median(ours[goal.figure] / reference[goal.figure] for ours, reference in rounds)

    def spread(self, figure: str) -> float:
        """How far apart the rounds are: highest less lowest, as a share of the median."""
        values = [each[figure] for each in self.ours]
        return (max(values) - min(values)) / median(values) if median(values) else 0.0

    @property
    def is_good(self) -> bool:
        """Whether every goal is met."""
        return not self.failure and all(goal.is_met(self.ratio(goal)) for goal in self.case.goals)


def run_all(stage: Stage, cases: Sequence[Case], rounds: int | None, after_each: Callable[[Result], None]) -> None:
    """Runs the cases one after the other; `after_each` hears of each as soon as it is done."""
    for number, case in enumerate(cases, start=1):
        began = stage.progress.seconds
        stage.progress.say(f"{number}/{len(cases)}  {case.name}: {case.says}")
        result = _run(stage, case, rounds or case.rounds)
        result.seconds = stage.progress.seconds - began
        after_each(result)


def _run(stage: Stage, case: Case, rounds: int) -> Result:
    result = Result(case)
    try:
        with case.sides(stage) as sides:
            for number in range(rounds):
                _take_turns(stage, sides, result, ours_first=number % 2 == 0)
    except Exception as problem:  # noqa: BLE001 - whatever it is, the other cases can still be measured
        (stage.logs / f"case-{case.name}.log").write_text(traceback.format_exc(), encoding="utf-8")
        result.failure = f"{type(problem).__name__}: {problem}"
        stage.progress.say(f"      {case.name} FAILED: {result.failure}")
    return result


def _take_turns(stage: Stage, sides: Sides, result: Result, *, ours_first: bool) -> None:
    """One round; who begins changes, so that neither always meets the warmer machine."""
    turns: list[tuple[Measure, list[Figures]]] = [(sides.ours, result.ours)]
    if sides.reference is not None:
        turns.append((sides.reference, result.reference))
    for measure, kept in turns if ours_first else reversed(turns):
        kept.append(measure())
    stage.progress.say(f"      {_says(result)}")


def _says(result: Result) -> str:
    return ", ".join(
        f"{goal.figure} {result.ours[-1][goal.figure]:,.4g}"
        + (f" / {result.reference[-1][goal.figure]:,.4g}" if goal.budget is None else f" of {goal.budget:,.4g}")
        for goal in result.case.goals
    )
