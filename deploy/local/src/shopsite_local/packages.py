"""What the machine lacks is installed from its own packages, saying so; what it runs already is never touched."""

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from shopsite_local import binaries
from shopsite_local.commands import FOREVER, run, show
from shopsite_local.layout import logs_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress
from shopsite_local.users import is_root

# program: how it is found, its package on Debian and Ubuntu, the units that this starts, its formula at Homebrew
Programs = dict[str, tuple[Callable[[], Path | None], str, str, str]]
NEEDED: Programs = {
    "PostgreSQL": (binaries.find_postgres, "postgresql", "postgresql.service", "postgresql@17"),
    "Redis": (binaries.find_redis, "redis-server", "redis-server.service", "redis"),
    "RabbitMQ": (binaries.find_rabbitmq, "rabbitmq-server", "rabbitmq-server.service", "rabbitmq"),
}
# what tests of pages drive, and what the documents' examples for a shell call; nothing else needs them
FOR_TESTS: Programs = {
    "Chromium": (binaries.find_chromium, "chromium", "", "chromium"),
    "curl": (lambda: binaries.find("curl"), "curl", "", "curl"),
    "jq": (lambda: binaries.find("jq"), "jq", "", "jq"),
}
# what makes the load of `make bench`
FOR_BENCH: Programs = {"wrk": (lambda: binaries.find("wrk"), "wrk", "", "wrk")}
# Debian starts a service when its package is installed, unless this file says no. Ours lives as long as the
# installation; one that is there already is left as it is.
POLICY = Path("/usr/sbin/policy-rc.d")
WITHOUT_STARTING = f"""
set -e
if [ ! -e {POLICY} ]; then
    printf '#!/bin/sh\\nexit 101\\n' > {POLICY}
    chmod 755 {POLICY}
    trap 'rm -f {POLICY}' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
"""


def ensure(home: Path, progress: Progress, programs: Programs | None = None) -> None:
    """Installs those programs that are missing, by default of the three servers.

    Raises:
        RunnerError: There is no way to install here, or it failed.
    """
    needed = NEEDED if programs is None else programs
    missing = [name for name, (find, *_) in needed.items() if find() is None]
    if not missing:
        return
    if platform.system() == "Darwin":
        _with_brew([needed[name][3] for name in missing], home, progress)
    else:
        _with_apt(
            [needed[name][1] for name in missing],
            [unit for name in missing if (unit := needed[name][2])],
            home,
            progress,
        )
    if still := [name for name in missing if needed[name][0]() is None]:
        raise RunnerError(f"Installed, but not found: {', '.join(still)}.", f"See {_log(home)}")


def _log(home: Path) -> Path:
    return logs_of(home) / "packages.log"


def _with_apt(packages: list[str], units: list[str], home: Path, progress: Progress) -> None:
    command = f"apt-get install {' '.join(packages)}"
    if not shutil.which("apt-get"):
        raise RunnerError(f"Missing: {', '.join(packages)}, and there is no apt-get.", "Install them by hand.")
    sudo = _sudo(command)
    with progress.step(f"{' '.join(sudo)} {command} (the system's own services are not started)".strip()):
        done = run((*sudo, "sh", "-c", WITHOUT_STARTING, "install", *packages), log=_log(home), seconds=FOREVER)
    if done.code:
        raise RunnerError(f"{command} failed. The end of {_log(home)}:", *_tail(_log(home)))
    if units and Path("/run/systemd/system").exists():
        # They are new on this machine and were installed for us alone: they need not start with it either.
        run((*sudo, "systemctl", "disable", *units), log=_log(home))


def _sudo(command: str) -> tuple[str, ...]:
    """The prefix that gives root's rights, asking for the password before anything is hidden in a log."""
    if is_root():
        return ()
    hint = f"Ask an administrator for: {command}"
    if not shutil.which("sudo"):
        raise RunnerError("Packages are missing, and this user is not root and has no sudo.", hint)
    if show(("sudo", "-v"), env=os.environ, cwd=Path("/")):
        raise RunnerError("Packages are missing, and sudo refused.", hint)
    return ("sudo",)


def _with_brew(formulas: list[str], home: Path, progress: Progress) -> None:
    if not shutil.which("brew"):
        raise RunnerError(f"Missing: {', '.join(formulas)}, and there is no Homebrew.", "Install Homebrew first.")
    with progress.step(f"brew install {' '.join(formulas)}"):
        done = run(("brew", "install", *formulas), log=_log(home), seconds=FOREVER)
    if done.code:
        raise RunnerError(f"brew install failed. The end of {_log(home)}:", *_tail(_log(home)))


def _tail(path: Path, lines: int = 12) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
