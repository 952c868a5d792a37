"""`make profile`: a flame graph of the Python process that works most during a case."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from shopsite_bench.case import Case, Measure
from shopsite_bench.stage import Stage
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError

FOLDER = ROOT / ".local" / "profile"
_RATE = 200  # looks a second
_NOT_PYTHON = {"postgres", "redis", "rabbitmq", "traefik"}


def profile(stage: Stage, case: Case) -> Path:
    """Measures a case once to see who works, says so, and a second time with a profiler at who works most.

    Raises:
        RunnerError: the profiler could not look; on Linux it needs the right to trace other processes.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with case.sides(stage) as sides:
        worked = _worked(stage, sides.ours)
        for name, seconds in sorted(worked.items(), key=lambda pair: -pair[1])[:6]:
            stage.progress.say(f"      {seconds:6.2f} s of CPU  {name}")
        dearest = max(worked.keys() - _NOT_PYTHON, key=lambda name: worked[name])
        file = FOLDER / f"{case.name}-{dearest}.svg"
        with _watched(stage.pid(dearest), file):
            sides.ours()
    return file


def _worked(stage: Stage, measure: Measure) -> dict[str, float]:
    """CPU seconds of each process of the shop during a measure."""
    before = stage.cpu()
    measure()
    return {name: seconds - before[name] for name, seconds in stage.cpu().items()}


@contextlib.contextmanager
def _watched(pid: int, file: Path) -> Iterator[None]:
    argv = [str(ROOT / ".venv" / "bin" / "py-spy"), "record", "--nonblocking", "--rate", str(_RATE)]
    file.unlink(missing_ok=True)
    watcher = subprocess.Popen(
        [*argv, "--pid", str(pid), "--output", str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield
    finally:
        watcher.send_signal(signal.SIGINT)
        says, _ = watcher.communicate(timeout=60)
    if not file.exists():
        raise RunnerError(f"py-spy saw nothing: {says[-500:]}")
