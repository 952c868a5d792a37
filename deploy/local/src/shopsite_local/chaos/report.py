"""What a run says: its figures, what was done to whom, and what does not hold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shopsite_invariants import report as invariants
from shopsite_invariants.recount import Findings, differs
from shopsite_local.chaos.client import Service
from shopsite_local.chaos.deeds import Done
from shopsite_local.chaos.plan import counted
from shopsite_local.chaos.stories import Purchase


@dataclass
class Report:
    """Everything about one run.

    Attributes:
        statuses: how many of the shop's orders ended in which status.
        broken: promises to clients that were not kept, a sentence each.
        gave_up: clients that were never answered, a sentence each; bad service, and nothing lost by it.
        service: how well clients were served.
        settle_seconds: from the end of all faults until everything held.
    """

    seed: int
    profile: str
    done: Sequence[Done] = ()
    purchases: list[Purchase] = field(default_factory=list)
    statuses: Mapping[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=dict)
    broken: Sequence[str] = ()
    gave_up: list[str] = field(default_factory=list)
    service: Service = field(default_factory=Service)
    settle_seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, oversold or stuck."""
        return not self.broken and bool(self.findings) and not differs(self.findings)

    @property
    def differences(self) -> int:
        """How many things are wrong."""
        return len(self.broken) + sum(len(finding.differences) for finding in self.findings.values())

    def figures(self) -> dict[str, Any]:
        """The run in numbers."""
        deeds = [done.deed for done in self.done]
        return {
            "orders": sum(self.statuses.values()),
            "confirmed": len(self.purchases),
            "paid": sum(purchase.paid for purchase in self.purchases),
            "statuses": dict(sorted(self.statuses.items())),
            "deeds": counted(deeds),
            "gave_up": len(self.gave_up),
            "slowest_step_seconds": round(self.service.seconds, 1),
            "slowest_step": self.service.step,
            "settle_seconds": round(self.settle_seconds, 1),
            "differences": self.differences,
        }

    def document(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        return {
            "seed": self.seed,
            "profile": self.profile,
            "holds": self.holds,
            "figures": self.figures(),
            "broken": list(self.broken),
            "gave_up": self.gave_up,
            "invariants": invariants.document(self.findings),
            "purchases": [asdict(purchase) for purchase in self.purchases],
            "done": [done.row() for done in self.done],
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"\nWhat was done (seed {self.seed}, profile {self.profile}; seconds after the load began):"
        for done in sorted(self.done, key=lambda each: each.began):
            deed = done.deed
            end = " and lost what it held" if deed.breaks and deed.seconds else ""
            yield f"  {done.began:6.1f} to {done.ended:6.1f}  {deed.action:14} {deed.target}{end} {done.problem}"
        yield f"\nStories: {dict(Counter(purchase.fate for purchase in self.purchases))}"
        yield from (f"  gave up: {sentence}" for sentence in self.gave_up)
        yield "\nInvariants:"
        yield from (f"  {line}" for line in invariants.lines(self.findings)) if self.findings else ("  not looked at",)
        yield from (f"  BROKEN  {sentence}" for sentence in self.broken)
        yield ""
        yield from (f"  {name.replace('_', ' '):22} {value}" for name, value in self.figures().items())
        yield f"\n{'Everything holds.' if self.holds else 'NOT everything holds.'} Again: make chaos SEED={self.seed}"
