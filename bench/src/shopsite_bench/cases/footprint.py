"""What the shop takes when nobody comes, and how long it takes to be there."""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial

from shopsite_bench.case import Case, Figures, Sides, within
from shopsite_bench.processes import cpu_seconds, memory_mb
from shopsite_bench.stage import Stage, Table
from shopsite_local import control, shop
from shopsite_local.layout import SERVICES

_STILL_SECONDS = 3.0
_IDLE_SECONDS = 15.0
_APIS = tuple(f"{service}-api" for service in SERVICES)


def _idle(stage: Stage) -> Figures:
    """CPU of all processes while nothing is asked, in per cent of one core; memory, shared pages counted once."""
    time.sleep(_STILL_SECONDS)
    rows = {row["name"]: row["pid"] for row in shop.rows(stage.instance.home) if row["pid"]}
    before, statements = {name: cpu_seconds([pid]) for name, pid in rows.items()}, stage.statements()
    time.sleep(_IDLE_SECONDS)
    statements = stage.statements() - statements
    cpu = {name: 100 * (cpu_seconds([pid]) - before[name]) / _IDLE_SECONDS for name, pid in rows.items()}
    memory = {name: memory_mb([pid]) for name, pid in rows.items()}
    table = [(name, round(cpu[name], 2), round(memory[name], 1)) for name in rows]
    stage.tables["Each process when nobody comes"] = Table(("process", "CPU, % of a core", "memory, MB"), [*table])
    return {
        "cpu_percent": sum(cpu.values()),
        "memory_mb": sum(memory.values()),
        "largest_api_mb": max(memory[name] for name in _APIS),
        "statements": statements / _IDLE_SECONDS,
    }


def _cold_start(stage: Stage) -> Figures:
    """From the start of each service's API process until it is ready; the slowest counts."""
    return {"slowest_s": max(_restart(stage, name) for name in _APIS)}


def _restart(stage: Stage, name: str) -> float:
    control.ask(stage.instance.home, "stop", name)
    began = time.monotonic()
    control.ask(stage.instance.home, "start", name)
    return time.monotonic() - began


def _up_again(stage: Stage) -> Figures:
    """The whole shop stopped, and up and healthy again."""
    shop.down(stage.instance.home)
    began = time.monotonic()
    shop.start(stage.instance, stage.progress)
    shop.wait(stage.instance, stage.progress)
    return {"up_s": time.monotonic() - began}


@contextlib.contextmanager
def _only(stage: Stage, measure: Callable[[Stage], Figures]) -> Iterator[Sides]:
    yield Sides(partial(measure, stage))


AT_REST = (
    Case(
        "idle",
        "the whole stack when nobody comes / 5 % of one core, 2 GB, 100 MB an API process",
        (within(5.0, "cpu_percent"), within(2000.0, "memory_mb"), within(100.0, "largest_api_mb")),
        partial(_only, measure=_idle),
        rounds=1,
    ),
)
STARTING = (
    Case(
        "cold-start",
        "an API process from its start until it is ready, the slowest of six / 2 s",
        (within(2.0, "slowest_s"),),
        partial(_only, measure=_cold_start),
        rounds=2,
    ),
    Case(
        "up-again",
        "make up of a shop that was up before, until it is healthy / 20 s",
        (within(20.0, "up_s"),),
        partial(_only, measure=_up_again),
        rounds=1,
    ),
)
