import json

from shopsite_bench import documents, plots

REPORT = {
    "machine": {"at": "today", "cores": 2, "cpu": "A", "memory_gb": 8, "system": "Linux", "load_before": 0.1},
    "versions": {"python": "3.11"},
    "ratios": [
        {
            "name": "sprint",
            "says": "one / another",
            "value": 1234.5,
            "reference": 2469.0,
            "ratio": 0.5,
            "goal": 0.6,
            "side": "at least",
            "met": False,
            "spread": 0.02,
        }
    ],
    "figures": {"sprint": {"ours": {"rate": 1234.5, "p50_ms": 1.5}}},
    "tables": {"Growth": {"columns": ["rows", "ms"], "rows": [[10, 1.5]]}},
    "failed": {"jump": "Fell: over\nits feet"},
}


def test_only_what_stands_between_the_marks_is_written_anew(tmp_path):
    report, page = tmp_path / "latest.json", tmp_path / "performance.md"
    report.write_text(json.dumps(REPORT))
    page.write_text("By hand.\n<!-- ratios -->\nold\n<!-- end -->\nAlso.\n<!-- tables -->\n<!-- end -->\nLast.\n")
    for _ in range(2):
        documents.write(report, page, tmp_path / "plots")
    text = page.read_text()
    assert "| sprint | one / another | 1,234 | 2,469 | 0.5 | ≥ 0.6 | **no** | 2% |" in text
    assert "`jump` could not be measured: Fell: over" in text
    assert "| 10 | 1.5 |" in text
    assert "old" not in text
    assert [line for line in text.splitlines() if line.endswith(".")] == ["By hand.", "Also.", "Last."]
    assert (tmp_path / "plots" / "goals.svg").read_text().startswith("<svg")


def test_a_bar_that_misses_its_goal_ends_left_of_the_line():
    drawing = plots.bars("Goals", [("missed", 0.5), ("met", 2.0)])
    assert "#b8550f" in drawing
    assert "0.5" in drawing


def test_a_line_is_drawn_through_its_points():
    drawing = plots.lines("Crowds", "connections", "rate", {"list": [(64, 100.0), (1000, 90.0)]})
    assert drawing.count("<circle") == 2
