"""`python -m shopsite_release can-release|release|tests`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shopsite_release import letting_go, runs, verdict
from shopsite_release.contract import FOLDER
from shopsite_release.parts import PARTS, ReleaseError, part_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 when a part may not go out, or the release could not be made."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except ReleaseError as problem:
        print(problem, file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shopsite_release", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    asking = commands.add_parser("can-release", help="may a part go out alone, beside what is released?")
    asking.add_argument("part", metavar="PART", help=", ".join(PARTS))
    asking.add_argument("--contracts", type=Path, default=FOLDER, help="where releases left what they promise")
    asking.add_argument("--promises-only", action="store_true", help="compare what is promised, and run nothing")
    asking.set_defaults(run=_can_release)
    letting_go.configure(commands.add_parser("release", help="check, date, tag and build a part"))
    testing = commands.add_parser("tests", help="print the folders of the tests that a change of a part concerns")
    testing.add_argument("part", metavar="PART")
    testing.set_defaults(run=_tests)
    return parser


def _can_release(options: argparse.Namespace) -> int:
    part = part_of(options.part)
    found = verdict.of(part, options.contracts)
    if found.holds and not options.promises_only:  # a shop that is known to break need not be started
        _run_beside(found)
    print("\n".join(found.lines()))
    return 0 if found.holds else 1


def _run_beside(found: verdict.Verdict) -> None:
    planned = runs.planned(found.part)
    if found.part.name == "common":
        found.notes.append("It runs nowhere by itself: each part that takes it along is run beside the others.")
    elif not planned:
        found.notes.append("No release's tag is here, so nothing was run beside it.")
    for what, passes in planned.items():
        print(f"Now: {what}", flush=True)
        found.faults.setdefault("runs", []).extend([] if passes() else [f"failed: {what}"])


def _tests(options: argparse.Namespace) -> int:
    print(" ".join(part_of(options.part).tests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
