"""The load: wrk against an address for some seconds, and what that took of whom."""

import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from shopsite_bench.case import Figures
from shopsite_bench.processes import cpu_seconds
from shopsite_local.problems import RunnerError

CONNECTIONS = 32
SECONDS = 3
_BAD_SHARE = 0.01  # of answers that are none: above it a throughput says nothing


@dataclass(frozen=True)
class Target:
    """Where a load goes, and who works for it.

    Attributes:
        url: with the path; scripts may ask for other paths of the same host.
        processes: the roots of all process trees whose CPU time counts.
        statements: tells how many SQL statements were run so far.
    """

    url: str
    processes: Callable[[], Iterable[int]]
    statements: Callable[[], int] = lambda: 0


def put_load(
    target: Target,
    *,
    script: Path | None = None,
    connections: int = CONNECTIONS,
    seconds: float = SECONDS,
    bad_share: float = _BAD_SHARE,
) -> Figures:
    """Sends as many requests as get answered, and returns what came of it.

    Args:
        target: where to.
        script: Lua for wrk: sets `wrk.method`, `wrk.headers`, `request`; the one that reports is put after it.
        connections: open at the same time, each with one request under way.
        seconds: how long.
        bad_share: how many of the answers may be refusals before the measure is worthless.

    Returns:
        `rate` (good answers a second), `p50_ms`, `p95_ms`, `p99_ms`, `cpu_ms` and `statements` a request, `refused`
        (share of all answers), `bytes` of an answer with its head.

    Raises:
        RunnerError: wrk failed, or too many answers were none.
    """
    cpu, statements = cpu_seconds(target.processes()), target.statements()
    seen = _wrk(target.url, script, connections, seconds)
    cpu, statements = cpu_seconds(target.processes()) - cpu, target.statements() - statements
    good = seen["requests"] - seen["refused"]
    refused = (seen["refused"] + seen["broken"]) / max(seen["requests"], 1)
    if refused > bad_share or (good <= 0 and bad_share < 1):
        raise RunnerError(f"{target.url}: {refused:.0%} of {seen['requests']:.0f} answers were refusals: {seen}")
    return {
        "rate": good / seen["seconds"],
        "p50_ms": seen["p50_ms"],
        "p95_ms": seen["p95_ms"],
        "p99_ms": seen["p99_ms"],
        "cpu_ms": cpu * 1000 / max(good, 1),
        "statements": statements / max(good, 1),
        "refused": refused,
        "bytes": seen["bytes"] / max(seen["requests"], 1),
    }


def _wrk(url: str, script: Path | None, connections: int, seconds: float) -> dict[str, float]:
    report = files("shopsite_bench").joinpath("report.lua")
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(report), url]
    done = subprocess.run(
        [*argv, "--", *([str(script)] if script else [])], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RunnerError(f"wrk failed: {done.stderr or done.stdout}")
    found: dict[str, float] = json.loads(done.stdout.rpartition("\n{")[2].join(("{", "")))
    return found
