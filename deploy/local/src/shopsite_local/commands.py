"""The one place that runs other programs and waits for them."""

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

FOREVER = None
TIMED_OUT = 124  # the codes that shells and `timeout` use
NOT_STARTED = 127


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = Path("/"),
    said: str = "",
    log: Path | None = None,
    seconds: float | None = 120.0,
) -> "Done":
    """Runs a program to its end with `said` on its standard input.

    Args:
        argv: The program and its arguments; never a shell's line.
        env: Its environment; the caller's by default.
        cwd: Where it runs.
        said: Its standard input.
        log: A file that takes its output; without one the output is in the answer.
        seconds: How long it may take; `FOREVER` for no bound.
    """
    with contextlib.ExitStack() as stack:
        output = subprocess.PIPE if log is None else stack.enter_context(log.open("ab"))
        try:
            done = subprocess.run(
                argv, env=env, cwd=cwd, input=said.encode(), stdout=output, stderr=output, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Done(TIMED_OUT, "", f"{argv[0]} was ended after {seconds:.0f} s")
        except OSError as problem:
            return Done(NOT_STARTED, "", str(problem))
    return Done(done.returncode, _text(done.stdout), _text(done.stderr))


def _text(output: bytes | None) -> str:
    return (output or b"").decode(errors="replace")


def show(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Runs a program on the caller's own terminal; returns its exit code."""
    return subprocess.run(argv, env=env, cwd=cwd, check=False).returncode


class Done:
    """How a program ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def last_words(self, lines: int = 8) -> list[str]:
        """The end of what it said, for an error's message."""
        return (self.err or self.out).splitlines()[-lines:]
