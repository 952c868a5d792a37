"""`make bench`: one run of all cases, or of one, and its reports."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from shopsite_bench import documents, profile, report, stage
from shopsite_bench.case import Case
from shopsite_bench.cases import CASES
from shopsite_bench.run import Result, run_all
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress

HOME = ROOT / ".local" / "bench"
WHOLE = ROOT / "bench" / "latest.json"  # of the last run of all cases
PART = ROOT / ".local" / "bench-part.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0 when every case could be measured, 1 when one could not, whatever the goals."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{case.name:24}{case.says}" for case in CASES))
        return 0
    if options.write_docs:
        documents.write(WHOLE)
        return 0
    cases = [case for case in CASES if not options.case or case.name in options.case]
    if options.profile:
        return _profile(cases)
    results: list[Result] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever is ended still stops what it has started
    try:
        with stage.opened(HOME, Progress()) as here:
            run_all(here, cases, options.rounds, results.append)
            document = report.document(here, results)
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    _report(options, document)
    print("\n".join(report.summary(results)))
    return 1 if any(result.failure for result in results) else 0


def _profile(cases: Sequence[Case]) -> int:
    """Names the file of each case's flame graph."""
    try:
        with stage.opened(HOME, Progress()) as here:
            files = [profile.profile(here, case) for case in cases]
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n".join(map(str, files)))
    return 0


def _report(options: argparse.Namespace, document: report.Document) -> None:
    """A run of all cases renews the documents; one of some does not put its figures beside those of other days."""
    whole = not options.case
    report.write(options.report or (WHOLE if whole else PART), document)
    if whole and options.report is None:
        documents.write(WHOLE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help="only this one (again: more)")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--profile", action="store_true", help="no measure but a flame graph, in .local/profile/")
    parser.add_argument("--rounds", type=int, help="how often the sides take turns; by default as each case says")
    parser.add_argument("--report", type=Path, help="a file for the figures, in place of bench/latest.json and docs")
    parser.add_argument("--write-docs", action="store_true", help="docs/performance.md from bench/latest.json, no run")
    return parser
