"""Every part's changelog keeps the form, and a release gives it a date."""

from datetime import date

import pytest

from shopsite_release import changelog
from shopsite_release.parts import PARTS, ROOT, ReleaseError

DAY = date(2026, 12, 1)
GOOD = "# Changelog\n\n## [Unreleased]\n\n### Added\n- A thing.\n\n## [1.0.0] - 2026-11-30\n\n### Added\n- All.\n"


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_changelog_of_a_part_keeps_the_form(part):
    text = (ROOT / part.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert list(changelog.faults(text, part.version())) == []


@pytest.mark.parametrize(
    ("wrong", "right", "fault"),
    [
        ("# Changelog", "# News", "the title is not `# Changelog`"),
        ("[Unreleased]", "[Next]", "the first section is not `## [Unreleased]`"),
        ("2026-11-30", "30.11.2026", "`## [1.0.0] - 30.11.2026` is not `## [VERSION] - YYYY-MM-DD`"),
        ("2026-11-30", "2026-11-31", "`## [1.0.0] - 2026-11-31` is not `## [VERSION] - YYYY-MM-DD`"),
        ("[1.0.0]", "[0.9.0]", "its newest release is 0.9.0, and the project file says 1.0.0"),
        ("- All.\n", "- All.\n\n## [1.1.0] - 2026-10-01\n", "the newest release does not stand first"),
    ],
)
def test_each_slip_is_named(wrong, right, fault):
    assert fault in changelog.faults(GOOD.replace(wrong, right), "1.0.0")


def test_a_kind_of_change_that_keep_a_changelog_has_not_is_named():
    found = list(changelog.faults(GOOD.replace("### Added\n- A thing", "### News\n- A thing"), "1.0.0"))
    assert len(found) == 1
    assert "`### News`" in found[0]


def test_a_release_stands_between_what_is_next_and_what_was():
    text = changelog.released(GOOD, "1.1.0", DAY)
    assert [each.title for each in changelog.sections(text)] == [
        "[Unreleased]",
        "[1.1.0] - 2026-12-01",
        "[1.0.0] - 2026-11-30",
    ]
    assert list(changelog.faults(text, "1.1.0")) == []


def test_a_release_of_nothing_is_refused():
    with pytest.raises(ReleaseError, match="tells of nothing"):
        changelog.released(GOOD.replace("- A thing.\n", ""), "1.1.0", DAY)
