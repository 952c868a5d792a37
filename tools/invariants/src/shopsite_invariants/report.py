"""What a recount says, as lines for people and as a document for programs."""

from collections.abc import Iterator
from typing import Any

from shopsite_invariants.checks import CHECKS
from shopsite_invariants.checks.check import Finding
from shopsite_invariants.recount import Findings

_SHOWN = 20


def lines(findings: Findings) -> Iterator[str]:
    """Give a line for each invariant, and one for each difference under it."""
    for check in CHECKS:
        finding = findings[check.name]
        yield f"{_verdict(finding):>4}  {check.name:18} {_counted(finding):>7}  {check.says}{_noted(finding)}"
        for difference in sorted(finding.differences)[:_SHOWN]:
            yield f"        {difference.subject}  {difference.text}"
        if len(finding.differences) > _SHOWN:
            yield f"        … and {len(finding.differences) - _SHOWN} more"


def _verdict(finding: Finding) -> str:
    if finding.count is None:
        return "-"
    return str(len(finding.differences)) if finding.differences else "ok"


def _counted(finding: Finding) -> str:
    return "" if finding.count is None else str(finding.count)


def _noted(finding: Finding) -> str:
    if finding.count is None:
        return " (not within reach)"
    return f" ({finding.note})" if finding.note else ""


def document(findings: Findings) -> dict[str, Any]:
    """Return the findings as JSON has them."""
    return {
        name: {
            "count": finding.count,
            "note": finding.note,
            "differences": [{"subject": each.subject, "text": each.text} for each in sorted(finding.differences)],
        }
        for name, finding in findings.items()
    }
