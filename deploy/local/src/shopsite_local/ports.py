"""Whether ports are free, who holds one, and where a free row of them is."""

import contextlib
import shutil
import socket

from shopsite_local.commands import run
from shopsite_local.layout import Instance
from shopsite_local.problems import RunnerError

FIRST_FREE_BASE = 10000
LAST_FREE_BASE = 31900  # below the ports that systems give to outgoing connections
STEP = 100


def is_free(port: int) -> bool:
    """Whether a server could listen there, on loopback and on all addresses."""
    return all(_can_bind(address, port) for address in ("127.0.0.1", ""))


def _can_bind(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections that linger do not count
        with contextlib.suppress(OSError):
            probe.bind((address, port))
            return True
    return False


def check(instance: Instance) -> None:
    """Refuses to start on taken ports.

    Raises:
        RunnerError: It names each port, who wants it, who has it, and the way out.
    """
    taken = {name: instance.base + offset for name, offset in instance.offsets.items()}
    lines = [f"{port} ({name}): {holder(port)}" for name, port in taken.items() if not is_free(port)]
    if lines:
        way_out = f"set SHOPSITE_PORT_BASE={other_base(instance.base)} (in .env or before make) to move all ports"
        raise RunnerError("Ports are taken:", *lines, f"Stop what holds them, or {way_out}.")


def other_base(base: int) -> int:
    """A base to propose: the next hundred above."""
    return base + STEP if base + 2 * STEP < LAST_FREE_BASE else FIRST_FREE_BASE


def free_base(offsets: dict[str, int], preferred: int) -> int:
    """The first base from `preferred` on whose ports are all free.

    Raises:
        RunnerError: There is none.
    """
    count = (LAST_FREE_BASE - FIRST_FREE_BASE) // STEP
    for turn in range(count):
        base = FIRST_FREE_BASE + (preferred - FIRST_FREE_BASE + turn * STEP) % (count * STEP)
        if all(is_free(base + offset) for offset in offsets.values()):
            return base
    raise RunnerError("No free row of ports between 10000 and 32000.")


def holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    if shutil.which("ss"):
        seen = run(["ss", "-ltnpH", f"sport = :{port}"]).out
        _, _, users = seen.partition("users:")
        return users.strip().splitlines()[0] if users else "held by a process of another user"
    if shutil.which("lsof"):
        seen = run(["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]).out
        return " ".join(seen.split()) or "held by a process of another user"
    return "held by another process"
