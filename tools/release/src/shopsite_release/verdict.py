"""May what is here go out alone, beside what is released?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shopsite_common.migrations import migrations_dir
from shopsite_release import api, contract, database, events
from shopsite_release.contract import Contract
from shopsite_release.git import changed_since, last_tag
from shopsite_release.parts import PARTS, SERVICES, Part


@dataclass
class Verdict:
    """What breaks, by the kind of promise, and what has to be known besides."""

    part: Part
    beside: list[str]
    faults: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether it may go out."""
        return not any(self.faults.values())

    def lines(self) -> Iterator[str]:
        """Yield it in plain words."""
        yield f"{self.part.name}, beside {', '.join(self.beside) or 'nothing that is released'}:"
        for kind, found in self.faults.items():
            yield f"  {kind:9} {'breaks what is released:' if found else 'breaks nothing'}"
            yield from (f"            - {fault}" for fault in found)
        yield from (f"  note: {note}" for note in self.notes)
        yield f"{self.part.name} {'may' if self.holds else 'may NOT'} go out alone."


def of(part: Part, released: Path) -> Verdict:
    """Compare a part of this checkout with what is released."""
    if part.is_service:
        return _of_service(part, contract.of_code(part), released)
    verdict = Verdict(part, [str(each) for each in contract.released_neighbours(part.name, released)])
    if part.name == "common":
        return _of_common(verdict, released)
    verdict.notes.append("It has no document, event or table of its own to compare: it is tried beside the others.")
    return verdict


def _of_service(part: Part, now: Contract, released: Path) -> Verdict:
    before, neighbours = contract.released(part.name, released), contract.released_neighbours(part.name, released)
    verdict = Verdict(part, [str(each) for each in (*([before] if before else ()), *neighbours)])
    if before is None:
        verdict.notes.append("This is its first release: nothing to compare with, it becomes the baseline.")
    else:
        verdict.faults["API"] = api.faults(before.api, now.api)
        verdict.faults["database"] = database.faults(now, before, migrations_dir(f"shopsite_{part.name}"))
    verdict.faults["events"] = events.faults(now, before, neighbours)
    verdict.notes.extend(_of_shared_code(part))
    return verdict


def _of_common(verdict: Verdict, released: Path) -> Verdict:
    """The library goes out with those that use it, so it may what all of them may."""
    for name in SERVICES:
        found = _of_service(PARTS[name], contract.of_code(PARTS[name]), released)
        for kind, faults in found.faults.items():
            verdict.faults.setdefault(kind, []).extend(f"{name}: {fault}" for fault in faults)
    verdict.notes.append(f"A change of it is a release of each part that uses it: {', '.join(_users())}.")
    return verdict


def _users() -> list[str]:
    return [name for name in PARTS if name != "common"]


def _of_shared_code(part: Part) -> Iterator[str]:
    tag = last_tag(part)
    if tag and changed_since(tag, "libs/common/src"):
        others = ", ".join(name for name in _users() if name != part.name)
        yield f"It takes along what changed in libs/common since {tag}. Others get it by their own releases: {others}."
