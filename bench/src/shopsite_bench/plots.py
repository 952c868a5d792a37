"""Plots as SVG, written by hand: two kinds, no library."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH = 760
_LEFT = 260  # room for names
_BAR = 22
_TOP = 40
_HEIGHT = 300
_RIGHT = 180  # room for the lines' names
_DECADES = 2  # bars run from a hundredth of the goal to a hundred times it
_COLOURS = ("#1f5fbf", "#b8550f", "#2c7a3f", "#8a3fa0", "#555555")
_STYLE = "font-family='sans-serif' font-size='12' fill='#222222'"


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height:.0f}' {_STYLE}>"
    back = f"<rect width='{_WIDTH}' height='{height:.0f}' fill='white'/>"
    return "\n".join([head, back, f"<text x='10' y='22' font-size='14'>{escape(title)}</text>", *parts, "</svg>\n"])


def bars(title: str, values: Sequence[tuple[str, float]]) -> str:
    """A bar a value on a logarithmic scale with a line at 1; what reaches it is blue, what does not is brown."""
    room = _WIDTH - _LEFT - 70
    middle = _LEFT + room / 2
    parts = []
    for number, (name, value) in enumerate(values):
        y = _TOP + number * _BAR
        end = middle + room / 2 * max(-1.0, min(1.0, math.log10(max(value, 1e-9)) / _DECADES))
        left, width = min(middle, end), max(abs(end - middle), 1)
        colour = _COLOURS[0] if value >= 1 else _COLOURS[1]
        parts += [
            f"<text x='{_LEFT - 8}' y='{y + 13}' text-anchor='end'>{escape(name)}</text>",
            f"<rect x='{left:.1f}' y='{y}' width='{width:.1f}' height='{_BAR - 6}' fill='{colour}'/>",
            f"<text x='{_WIDTH - 60}' y='{y + 13}'>{value:.3g}</text>",
        ]
    bottom = _TOP + len(values) * _BAR
    parts.append(f"<line x1='{middle}' y1='{_TOP - 6}' x2='{middle}' y2='{bottom}' stroke='#222222'/>")
    return _svg(bottom + 16, title, parts)


def lines(title: str, along: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """A line a series through its points; along runs by logarithm, up begins at 0."""
    points = [point for each in series.values() for point in each]
    low, high = (math.log10(pick(x for x, _ in points)) for pick in (min, max))
    top = max(y for _, y in points)
    room, bottom = _WIDTH - _RIGHT - 80, _TOP + _HEIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        return 70 + room * (math.log10(x) - low) / ((high - low) or 1), bottom - _HEIGHT * y / top

    parts = [f"<path d='M70 {_TOP} V{bottom} H{70 + room}' fill='none' stroke='#888888'/>"]
    parts += [
        f"<text x='{place(x, 0)[0]:.0f}' y='{bottom + 18}' text-anchor='middle'>{x:,.0f}</text>"
        for x in sorted({x for x, _ in points})
    ]
    parts.append(f"<text x='64' y='{_TOP + 10}' text-anchor='end'>{top:,.0f}</text>")
    parts.append(
        f"<text x='{70 + room / 2:.0f}' y='{bottom + 36}' text-anchor='middle'>{escape(along)} → {escape(up)}</text>"
    )
    for number, (name, each) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(*point) for point in each]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>" for x, y in placed]
        y = _TOP + 16 * number
        parts.append(f"<text x='{_WIDTH - _RIGHT + 10}' y='{y + 12}' fill='{colour}'>{escape(name)}</text>")
    return _svg(bottom + 48, title, parts)
