"""Processes told apart for sure: a pid alone may be somebody else's after a while."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from shopsite_local.commands import run
from shopsite_local.layout import run_of

GRACE_SECONDS = 8.0


def own_pid() -> int:
    """The pid of this process."""
    return os.getpid()


def born(pid: int) -> str:
    """When the process of this pid began, in the system's own words; empty when there is none."""
    with contextlib.suppress(OSError, IndexError):
        # Linux: the 22nd field; the second may hold blanks and parentheses, so count from the last parenthesis.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    if Path("/proc/self/stat").exists():
        return ""
    return run(["ps", "-o", "lstart=", "-p", str(pid)]).out.strip()


def mark(pid: int | None) -> list[str]:
    """Pid and birth: together they name one process for ever."""
    return [str(pid), born(pid)] if pid else ["", ""]


def clear_leftovers(home: Path) -> list[str]:
    """Ends what a killed supervisor left running; returns the names, gently first and then by SIGKILL."""
    path = run_of(home) / "pids.json"
    if not path.exists():
        return []
    marked = {
        name: (int(pid), birth) for name, (pid, birth) in json.loads(path.read_text(encoding="utf-8")).items() if pid
    }
    alive = {name: pid for name, (pid, birth) in marked.items() if birth and born(pid) == birth}
    for name, pid in alive.items():
        _signal(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(born(pid) for pid in alive.values()):
        time.sleep(0.1)
    for pid in alive.values():
        _signal(pid, signal.SIGKILL)
    path.unlink()
    return sorted(alive)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
