"""``python -m shopsite_authz``: serve until SIGTERM."""

import sys

from shopsite_authz.main import create
from shopsite_authz.settings import Settings
from shopsite_common.serving import read_settings, serve

_GRACE_SECONDS = 5


def main() -> int:
    """Run the process and return its exit status."""
    settings = read_settings(Settings, service="authz", role="api")
    return serve(create(settings), settings, process="authz", grace_seconds=_GRACE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
