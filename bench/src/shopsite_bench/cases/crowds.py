"""Many connections at the same time: throughput must hold, and come back at once."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from shopsite_bench import scripts
from shopsite_bench.case import Case, Figures, Sides, over
from shopsite_bench.cases.computed import FILTERED
from shopsite_bench.cases.reading import LIST
from shopsite_bench.load import Target, put_load
from shopsite_bench.stage import Stage, Table

_CROWDS = (64, 256, 1000, 64)  # the last one shows whether all is as before
_SECONDS = 3
_COLUMNS = ("requests", "connections", "good answers/s", "p50 ms", "p99 ms", "refused")
TITLE = "How throughput holds with many connections"


def _measure(stage: Stage, name: str, target: Target, script: Path | None) -> Figures:
    """Takes all crowds in turn; refusals do not count as throughput, but they are no failure of the measure."""
    seen = [put_load(target, script=script, connections=crowd, seconds=_SECONDS, bad_share=1.0) for crowd in _CROWDS]
    table = stage.tables.setdefault(TITLE, Table(_COLUMNS, []))
    for crowd, each in zip(_CROWDS, seen, strict=True):
        row = (round(each["rate"], 1), round(each["p50_ms"], 1), round(each["p99_ms"], 1), f"{each['refused']:.1%}")
        table.rows.append((name, crowd, *row))
    rates = [each["rate"] for each in seen]
    return {"kept_share": min(rates) / max(rates), "back_share": rates[-1] / rates[0]}


@contextlib.contextmanager
def _sides(stage: Stage, name: str, path: str, script: Callable[[Stage], Path | None]) -> Iterator[Sides]:
    target = stage.target(path)
    put_load(target, script=script(stage), seconds=1)
    yield Sides(partial(_measure, stage, name, target, script(stage)))


CASES = (
    Case(
        "crowd-cached",
        "cached list with 64, 256, 1,000 and again 64 connections: the least throughput / the best",
        (over(0.70, "kept_share"), over(0.70, "back_share")),
        partial(_sides, name="cached list", path=LIST, script=lambda _: None),
        rounds=1,
    ),
    Case(
        "crowd-changing-filters",
        "list with changing filters with 64, 256, 1,000 and again 64 connections: the least throughput / the best",
        (over(0.70, "kept_share"), over(0.70, "back_share")),
        partial(
            _sides,
            name="changing filters",
            path=FILTERED,
            script=lambda stage: scripts.changing(stage.scratch / "crowd.lua", FILTERED),
        ),
        rounds=1,
    ),
)
