"""`python -m shopsite_orders`: see `--help`."""

import sys

from shopsite_common.cli import run_service

sys.exit(run_service("shopsite_orders"))
