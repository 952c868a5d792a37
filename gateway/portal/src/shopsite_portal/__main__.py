"""``python -m shopsite_portal``: serve until SIGTERM."""

import sys

import uvicorn

from shopsite_common import logs
from shopsite_common.app import version_of
from shopsite_portal.main import create
from shopsite_portal.settings import Settings

_GRACE_SECONDS = 10


def main() -> int:
    """Run the process and return its exit status."""
    try:
        settings = Settings()
    except ValueError as error:
        sys.exit(f"shopsite_portal: the settings are wrong: {error}")
    logs.configure(service="portal", role="api", level=settings.log_level, version=version_of("portal"))
    uvicorn.run(
        create(settings),
        host=settings.bind_host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=2048,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
