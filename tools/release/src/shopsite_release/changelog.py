"""Changelogs in the form of Keep a Changelog: read, checked, and given the date of a release."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shopsite_release.parts import ReleaseError, numbers

_KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_RELEASE = re.compile(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})")
_UNRELEASED = "[Unreleased]"


@dataclass(frozen=True)
class Section:
    """What one release, or the next one, brings."""

    title: str
    lines: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is told of it."""
        return not any(line.startswith(("-", "*")) for line in self.lines)


def sections(text: str) -> list[Section]:
    """Return what stands under each heading of the second level, the newest first."""
    found: list[Section] = []
    for line in text.splitlines():
        if line.startswith("## "):
            found.append(Section(line.removeprefix("## ").strip(), []))
        elif found:
            found[-1].lines.append(line)
    return found


def faults(text: str, version: str) -> Iterator[str]:
    """Yield what is not as Keep a Changelog asks; `version` is what the project file has."""
    found = sections(text)
    if not text.startswith("# Changelog"):
        yield "the title is not `# Changelog`"
    if not found or found[0].title != _UNRELEASED:
        yield f"the first section is not `## {_UNRELEASED}`"
    yield from _wrong_titles(found[1:])
    yield from (
        f"`{line}` under {section.title} is none of {', '.join(_KINDS)}"
        for section in found
        for line in section.lines
        if line.startswith("### ") and line.removeprefix("### ").strip() not in _KINDS
    )
    versions = [match[1] for section in found if (match := _RELEASE.fullmatch(section.title))]
    if versions != sorted(versions, key=numbers, reverse=True):
        yield "the newest release does not stand first"
    if versions and versions[0] != version:
        yield f"its newest release is {versions[0]}, and the project file says {version}"


def _wrong_titles(found: list[Section]) -> Iterator[str]:
    for section in found:
        match = _RELEASE.fullmatch(section.title)
        try:
            well_formed = bool(match and date.fromisoformat(match[2]))
        except ValueError:
            well_formed = False
        if not well_formed:
            yield f"`## {section.title}` is not `## [VERSION] - YYYY-MM-DD`"


def released(text: str, version: str, day: date) -> str:
    """Return the changelog with what was unreleased under a version and its date.

    Raises:
        ReleaseError: nothing is told of the release, or it stands there already.
    """
    found = sections(text)
    if not found or found[0].title != _UNRELEASED or found[0].is_empty:
        raise ReleaseError("The changelog tells of nothing under [Unreleased].")
    if any(section.title.startswith(f"[{version}]") for section in found):
        raise ReleaseError(f"The changelog has a section of {version} already.")
    return text.replace(f"## {_UNRELEASED}", f"## {_UNRELEASED}\n\n## [{version}] - {day.isoformat()}", 1)
