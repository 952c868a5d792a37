"""`python -m shopsite_identity`: see `--help`."""

import sys

from shopsite_common.cli import run_service

sys.exit(run_service("shopsite_identity"))
