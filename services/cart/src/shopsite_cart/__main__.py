"""`python -m shopsite_cart`: see `--help`."""

import sys

from shopsite_common.cli import run_service

sys.exit(run_service("shopsite_cart"))
