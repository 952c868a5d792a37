"""What a case is: something the shop does, and what it is measured against."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shopsite_bench.stage import Stage

# What was measured, by name; the name's end tells the unit: `rate` (a second), `p50_ms`, `cpu_ms`, `memory_mb`.
Figures = Mapping[str, float]
Measure = Callable[[], Figures]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a figure of ours must come to, as a multiple of the reference's.

    Attributes:
        figure: its name in `Figures`.
        bound: the multiple.
        side: whether `bound` is the least or the most that is good.
        budget: stands for the reference where there is none, in the figure's unit.
    """

    figure: str
    bound: float
    side: Literal["at least", "at most"]
    budget: float | None = None

    def is_met(self, ratio: float) -> bool:
        """Whether a multiple is good enough."""
        return ratio >= self.bound if self.side == "at least" else ratio <= self.bound


def at_least(share: float, figure: str = "rate") -> Goal:
    """Ours must be this multiple of the reference or more."""
    return Goal(figure=figure, bound=share, side="at least")


def at_most(times: float, figure: str) -> Goal:
    """Ours must be this multiple of the reference or less."""
    return Goal(figure=figure, bound=times, side="at most")


def within(budget: float, figure: str) -> Goal:
    """Ours must be no more than so much, whatever anything else takes."""
    return Goal(figure=figure, bound=1.0, side="at most", budget=budget)


def over(budget: float, figure: str) -> Goal:
    """Ours must be no less than so much, whatever anything else does."""
    return Goal(figure=figure, bound=1.0, side="at least", budget=budget)


@dataclass(frozen=True)
class Sides:
    """The two things that take turns; both are ready to be measured, warmed up.

    Attributes:
        ours: measures the shop once, for a few seconds.
        reference: measures the reference once, as long; none where the goals are budgets.
    """

    ours: Measure
    reference: Measure | None = None


@dataclass(frozen=True)
class Case:
    """Something to measure.

    Attributes:
        name: of `make bench CASE=name` and of the rows in the reports; words with hyphens.
        says: one line for `--list` and the reports: what is measured, and against what.
        goals: what must come out; the first one's figure is what plots show.
        sides: opens everything that the measuring needs (references, data) for the time of a block.
        rounds: how often the sides take turns; medians count.
    """

    name: str
    says: str
    goals: tuple[Goal, ...]
    sides: "Callable[[Stage], AbstractContextManager[Sides]]"
    rounds: int = 3
