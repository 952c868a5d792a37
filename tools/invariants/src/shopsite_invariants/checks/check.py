"""What an invariant is, and what looking at it gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from shopsite_invariants.sources import Look


@dataclass(frozen=True, order=True)
class Difference:
    """One thing that is not as it should be.

    Attributes:
        subject: the id of what it is about.
        text: what is wrong with it, with both figures.
    """

    subject: str
    text: str


@dataclass(frozen=True)
class Finding:
    """How many things were looked at, and what is wrong; ``count`` None: what it takes is not within reach."""

    count: int | None
    differences: frozenset[Difference] = frozenset()
    note: str = ""


@dataclass(frozen=True)
class Check:
    """An invariant: its name, what it says, and how it is looked at."""

    name: str
    says: str
    look: Callable[[Look], Finding]


NOT_WITHIN_REACH = Finding(None)


def found(count: int, differences: Iterable[tuple[object, str]], note: str = "") -> Finding:
    """Return the finding of subjects and what is wrong with each."""
    return Finding(count, frozenset(Difference(str(subject), text) for subject, text in differences), note)
