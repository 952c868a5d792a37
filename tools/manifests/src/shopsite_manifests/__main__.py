"""`python -m shopsite_manifests check|secrets`."""

import argparse
import sys
from collections.abc import Sequence

from shopsite_manifests import check, credentials


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 when a manifest breaks a rule."""
    parser = argparse.ArgumentParser(prog="python -m shopsite_manifests", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check.configure(commands.add_parser("check", help="render every overlay and hold it against all rules"))
    credentials.configure(commands.add_parser("secrets", help="print the Secrets of a new cluster"))
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


if __name__ == "__main__":
    sys.exit(main())
