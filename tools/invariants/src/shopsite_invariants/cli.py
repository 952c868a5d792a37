"""Recounts a whole shop: 0 when every invariant holds, 1 with each difference, 2 when something can't be asked."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import psycopg2
from aio_pika.exceptions import AMQPError

from shopsite_invariants import report
from shopsite_invariants.recount import differs, recount
from shopsite_invariants.sources import Addresses

DIFFERENCES, NOT_ASKED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, print, and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        findings = recount(Addresses.from_environment(os.environ), patience=options.patience)
    except (ValueError, psycopg2.Error, httpx.HTTPError, AMQPError, OSError) as problem:
        sys.stderr.write(f"The shop cannot be recounted: {type(problem).__name__}: {problem}\n")
        return NOT_ASKED
    sys.stdout.write("\n".join(report.lines(findings)) + "\n")
    if options.json:
        options.json.write_text(json.dumps(report.document(findings), indent=2), encoding="utf-8")
    return DIFFERENCES if differs(findings) else 0


def parser() -> argparse.ArgumentParser:
    """Return the command's options."""
    found = argparse.ArgumentParser(prog="python -m shopsite_invariants", description=__doc__)
    found.add_argument("--patience", type=float, default=30.0, help="seconds for what is under way to end (30)")
    found.add_argument("--json", type=Path, help="a file for the findings as JSON")
    return found
