"""From the command to the daemon: detached, alone for its data folder, with its own log."""

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import IO

from shopsite_local.commands import run
from shopsite_local.control import is_running
from shopsite_local.layout import ROOT, Instance, logs_of, run_of
from shopsite_local.problems import RunnerError

START_SECONDS = 60.0  # on a machine with much else to do


def spawn(instance: Instance) -> None:
    """Starts the supervisor of an instance as a daemon and waits until it answers.

    Raises:
        RunnerError: It did not; the end of its log is in the message.
    """
    command = [
        sys.executable, "-m", "shopsite_local", "--home", str(instance.home),
        "supervise", "--base", str(instance.base), "--kind", instance.kind,
    ]  # fmt: skip
    run(command, cwd=ROOT, log=log_of(instance.home), seconds=START_SECONDS)
    deadline = time.monotonic() + START_SECONDS
    while not is_running(instance.home):
        if time.monotonic() > deadline:
            tail = log_of(instance.home).read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
            raise RunnerError("The supervisor did not start. The end of its log:", *tail)
        time.sleep(0.05)


def log_of(home: Path) -> Path:
    """The daemon's own log."""
    return logs_of(home) / "supervisor.log"


def detach() -> None:
    """The double fork: no terminal, no parent that would have to wait for us."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)


def only_one(home: Path) -> IO[str]:
    """Takes the lock of a data folder for the life of this process.

    Raises:
        RunnerError: Another supervisor holds it.
    """
    handle = (run_of(home) / "supervisor.lock").open("a", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        raise RunnerError("Another supervisor runs for this folder.") from problem
    return handle
