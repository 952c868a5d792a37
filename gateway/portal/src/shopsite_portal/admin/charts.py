"""Charts as plain geometry; the template draws them as SVG, so no script is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH = 720
HEIGHT = 180
_GAP = 0.3


@dataclass(frozen=True)
class Bar:
    """One bar, in units of the chart's box, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    amount: str


def bars(series: Sequence[dict[str, Any]]) -> list[Bar]:
    """Return a bar for each slot of the sales' series; what is below zero (refunds alone) has no height."""
    highest = max((Decimal(slot["revenue"]) for slot in series), default=Decimal(0))
    if highest <= 0:
        return []
    step = WIDTH / len(series)
    drawn = []
    for place, slot in enumerate(series):
        height = float(max(Decimal(0), Decimal(slot["revenue"])) / highest) * HEIGHT
        x, width = round((place + _GAP / 2) * step, 1), round(step * (1 - _GAP), 1)
        drawn.append(Bar(x, round(HEIGHT - height, 1), width, round(height, 1), slot["start"], slot["revenue"]))
    return drawn
