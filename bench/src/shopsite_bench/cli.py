"""`make bench`: one run of all cases, or of one, and its reports."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shopsite_bench import report, stage
from shopsite_bench.cases import CASES
from shopsite_bench.run import Result, run_all
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress

HOME = ROOT / ".local" / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; 0 when every case could be measured, 1 when one could not, whatever the goals."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{case.name:24}{case.says}" for case in CASES))
        return 0
    cases = [case for case in CASES if not options.case or case.name in options.case]
    results: list[Result] = []
    try:
        with stage.opened(HOME, Progress()) as here:
            run_all(here, cases, options.rounds, results.append)
            document = report.document(here, results)
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    report.write(options.report, document)
    print("\n".join(report.summary(results)))
    return 1 if any(result.failure for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, metavar="NAME", help="only this one (again: more)")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--rounds", type=int, help="how often the sides take turns; by default as each case says")
    parser.add_argument("--report", type=Path, default=ROOT / "bench" / "latest.json", help="the file for the figures")
    return parser
