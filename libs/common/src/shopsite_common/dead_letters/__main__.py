"""``python -m shopsite_common.dead_letters``: those of every service whose ``DATABASE_URL_<SERVICE>`` is set."""

import argparse
import os
import sys

from shopsite_common.dead_letters import commands
from shopsite_common.settings import SERVICES


def main() -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser(prog="dead-letters", description="What no handler could take")
    commands.configure(parser)
    arguments = parser.parse_args()
    urls = {name: os.environ[key] for name in SERVICES if (key := f"DATABASE_URL_{name.upper()}") in os.environ}
    return commands.run(urls, arguments) if urls else _complain()


def _complain() -> int:
    sys.stderr.write("No DATABASE_URL_<SERVICE> is set, so there is no table to look into.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
