"""What docs/reliability.md names as proof exists, and every promise has some."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"
_TEST = re.compile(r"`(test_\w+)`")


def existing_tests():
    files = (path for top in ("tests", "libs", "services", "gateway", "deploy", "tools") for path in files_of(top))
    return {name for path in files for name in re.findall(r"def (test_\w+)\(", path.read_text())}


def files_of(top):
    return (ROOT / top).rglob("test_*.py")


def test_every_test_that_is_named_exists():
    assert set(_TEST.findall(DOCUMENT.read_text())) - existing_tests() == set()


def test_all_promises_are_there_each_with_a_proof_and_a_figure():
    table = DOCUMENT.read_text().partition("## The promises")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[0]) for row in rows] == list(range(1, 36))
    assert [row[0] for row in rows if len(row) != 4 or not row[3]] == []
