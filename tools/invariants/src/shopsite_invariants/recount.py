"""Looking until all is well, or patience is over.

A shop that sells is always under way: an event may have left and not arrived. What counts is therefore what is wrong in
two looks, one after the other.
"""

import time
from collections.abc import Callable, Mapping

from shopsite_invariants.checks import CHECKS
from shopsite_invariants.checks.check import Finding
from shopsite_invariants.sources import Addresses, looking

Findings = Mapping[str, Finding]
PAUSE_SECONDS = 3.0


def recount(addresses: Addresses, *, patience: float, look: Callable[[Addresses], Findings] | None = None) -> Findings:
    """Return what was wrong in the last look and in the one before, by the names of the checks.

    Args:
        addresses: where everything is.
        patience: how many seconds differences may take to go away by themselves.
        look: one look, for tests.
    """
    see = look or look_once
    deadline = time.monotonic() + patience
    before = see(addresses)
    while differs(before):
        time.sleep(PAUSE_SECONDS)
        now = see(addresses)
        lasting = {name: _lasting(finding, before.get(name)) for name, finding in now.items()}
        if not differs(lasting) or time.monotonic() > deadline:
            return lasting
        before = now
    return before


def look_once(addresses: Addresses) -> Findings:
    """Look at every invariant once."""
    with looking(addresses) as look:
        return {check.name: check.look(look) for check in CHECKS}


def differs(findings: Findings) -> bool:
    """Tell whether anything is wrong."""
    return any(finding.differences for finding in findings.values())


def _lasting(finding: Finding, before: Finding | None) -> Finding:
    known = before.differences if before else frozenset()
    return Finding(finding.count, finding.differences & known, finding.note)
