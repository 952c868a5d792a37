"""``python -m shopsite_portal``: serve until SIGTERM."""

import sys

from shopsite_common.serving import read_settings, serve
from shopsite_portal.main import create
from shopsite_portal.settings import Settings

_GRACE_SECONDS = 10


def main() -> int:
    """Run the process and return its exit status."""
    settings = read_settings(Settings, service="portal", role="api")
    return serve(create(settings), settings, process="portal", grace_seconds=_GRACE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
