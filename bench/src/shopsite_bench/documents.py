"""docs/performance.md from a run's document: tables between its marks, and plots beside it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from shopsite_bench import plots
from shopsite_local.layout import ROOT

PAGE = ROOT / "docs" / "performance.md"
SCALING = ROOT / "docs" / "scaling.md"
PLOTS = ROOT / "docs" / "performance"
# a table as lines: its title, what names a line, what runs along, what goes up, and the plot's file
_LINES = (("How throughput holds with many connections", "requests", "connections", "good answers/s", "crowds.svg"),)
_END = "<!-- end -->"
_LATENCIES = ("rate", "p50_ms", "p95_ms", "p99_ms", "cpu_ms", "statements", "bytes")


def write(report: Path, page: Path = PAGE, folder: Path = PLOTS) -> None:
    """Writes the page's generated parts, those of docs/scaling.md and all plots anew from a report."""
    found = json.loads(report.read_text(encoding="utf-8"))
    _fill(page, found)
    if page == PAGE:
        _fill(SCALING, found)
    folder.mkdir(exist_ok=True)
    for file, drawing in _drawings(found):
        (folder / file).write_text(drawing, encoding="utf-8")


def _fill(page: Path, found: dict[str, Any]) -> None:
    """Puts each part between its marks, where the page has them."""
    text = page.read_text(encoding="utf-8")
    for name, lines in _parts(found):
        before, mark, rest = text.partition(f"<!-- {name} -->\n")
        if mark:
            text = before + mark + "\n".join(lines) + "\n" + "".join(rest.partition(_END)[1:])
    page.write_text(text, encoding="utf-8")


def _parts(found: dict[str, Any]) -> Iterator[tuple[str, Iterable[str]]]:
    yield "machine", _machine(found)
    yield "ratios", _ratios(found)
    yield "figures", _figures(found)
    yield "tables", _tables(found)
    yield "cores", _cores(found)


def _machine(found: dict[str, Any]) -> Iterator[str]:
    machine, versions = found["machine"], found["versions"]
    yield (
        f"Measured at {machine['at']} on {machine['cores']} cores ({machine['cpu']}) with {machine['memory_gb']} GB,"
        f" {machine['system']}; load of the quarter of an hour before: {machine['load_before']}."
    )
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in versions.items()) + "."


def _ratios(found: dict[str, Any]) -> Iterator[str]:
    rows = [
        (
            each["name"],
            each["says"],
            _shown(each["value"]),
            _shown(each["reference"]),
            _shown(each["ratio"]),
            f"{'≥' if each['side'] == 'at least' else '≤'} {_shown(each['goal'])}",
            "yes" if each["met"] else "**no**",
            f"{each['spread']:.0%}",
        )
        for each in found["ratios"]
    ]
    yield from _markdown(("case", "what / against what", "ours", "reference", "ratio", "goal", "met", "spread"), rows)
    for name, reason in found["failed"].items():
        yield f"\n`{name}` could not be measured: {reason.splitlines()[0]}"


def _figures(found: dict[str, Any]) -> Iterator[str]:
    """Both sides of what was put under load."""
    rows = [
        (case, side, *(_shown(figures[name]) if name in figures else "" for name in _LATENCIES))
        for case, sides in found["figures"].items()
        for side, figures in sides.items()
        if "rate" in figures
    ]
    heads = ("per second", "p50 ms", "p95 ms", "p99 ms", "CPU ms each", "SQL statements each", "bytes")
    yield from _markdown(("case", "side", *heads), rows)


def _tables(found: dict[str, Any]) -> Iterator[str]:
    for title, table in found["tables"].items():
        yield f"\n### {title}\n"
        yield from _markdown(table["columns"], [[_shown(cell) for cell in row] for row in table["rows"]])


def _cores(found: dict[str, Any]) -> Iterator[str]:
    """What one core carries: of everything together where a load was put on all, of one process else."""
    ours = {case: sides["ours"] for case, sides in found["figures"].items() if "rate" in sides["ours"]}
    rows = [
        (case, "the whole stack", _shown(1000 / figures["cpu_ms"]))
        if figures.get("cpu_ms")
        else (case, "one process", _shown(figures["rate"]))
        for case, figures in ours.items()
    ]
    yield from _markdown(("case", "one core of", "a second"), rows)


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _shown(cell: Any) -> str:
    """Three figures, thousands apart."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"  # noqa: PLR2004 - three figures


def _drawings(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    shares = [
        (each["name"], each["ratio"] / each["goal"] if each["side"] == "at least" else each["goal"] / each["ratio"])
        for each in found["ratios"]
        if each["ratio"]
    ]
    yield "goals.svg", plots.bars("How far each goal is reached (1 is the goal)", shares)
    for title, name, along, up, file in _LINES:
        if title in found["tables"]:
            yield file, plots.lines(title, along, up, _series(found["tables"][title], name, along, up))


def _series(table: dict[str, Any], name: str, along: str, up: str) -> dict[str, list[tuple[float, float]]]:
    at = {column: number for number, column in enumerate(table["columns"])}
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in table["rows"]:
        series[row[at[name]]].append((float(row[at[along]]), float(row[at[up]])))
    return series
