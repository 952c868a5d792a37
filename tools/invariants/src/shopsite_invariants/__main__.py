"""Runs the recount: `python -m shopsite_invariants`."""

import sys

from shopsite_invariants.cli import main

sys.exit(main())
