"""Runs the benchmark: `python -m shopsite_bench`."""

import sys

from shopsite_bench.cli import main

sys.exit(main())
