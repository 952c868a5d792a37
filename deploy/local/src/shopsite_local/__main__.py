"""`python -m shopsite_local`."""

import sys

from shopsite_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
