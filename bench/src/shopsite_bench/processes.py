"""What processes take: the CPU time and the memory of whole trees of them, from /proc."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER_TIME, _CHILDREN_TIME_END = 1, 11, 15  # of /proc/PID/stat, counted behind the name


def _fields(pid: int) -> list[str]:
    """Behind the name, which may hold anything; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def family(roots: Iterable[int]) -> set[int]:
    """The processes and all that descend from them."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _fields(int(path.name))):
            children[int(fields[_PARENT])].append(int(path.name))
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting.extend(children[pid])
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time of all of them since they began, that of children that have ended included."""
    ticks = (sum(map(int, _fields(pid)[_USER_TIME:_CHILDREN_TIME_END])) for pid in family(roots))
    return sum(ticks) / _TICKS


def memory_mb(roots: Iterable[int]) -> float:
    """Memory of all of them, shared pages counted once (PSS)."""
    return sum(_pss_kb(pid) for pid in family(roots)) / 1000


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
