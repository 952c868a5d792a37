"""Asking the supervisor: one line there, one line back, over its Unix socket."""

import fcntl
import json
import socket
import time
from pathlib import Path
from typing import Any

from shopsite_local.layout import run_of, socket_of
from shopsite_local.problems import RunnerError


def ask(home: Path, what: str, name: str = "", *, seconds: float = 120.0) -> dict[str, Any]:
    """Sends a command and returns the answer.

    Raises:
        RunnerError: Nobody listens, or the supervisor refused.
    """
    try:
        answer = _exchange(socket_of(home), {"do": what, "name": name}, seconds)
    except (OSError, json.JSONDecodeError) as problem:
        raise RunnerError("The shop is not running.", "Start it with: make up") from problem
    if "error" in answer:
        raise RunnerError(answer["error"])
    return answer


def _exchange(path: Path, request: dict[str, str], seconds: float) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        line.connect(str(path))
        line.sendall(json.dumps(request).encode() + b"\n")
        answer: dict[str, Any] = json.loads(line.makefile("rb").readline())
        return answer


def is_running(home: Path) -> bool:
    """Whether a supervisor answers for this data folder."""
    try:
        ask(home, "status", seconds=5.0)
    except RunnerError:
        return False
    return True


def wait_for_end(home: Path, seconds: float = 30.0) -> bool:
    """Waits until the supervisor has let go of its lock; false when it has not in time."""
    deadline = time.monotonic() + seconds
    with (run_of(home) / "supervisor.lock").open("a", encoding="utf-8") as handle:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return True
    return False
