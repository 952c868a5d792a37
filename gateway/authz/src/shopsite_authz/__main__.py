"""``python -m shopsite_authz``: serve until SIGTERM."""

import sys

import uvicorn

from shopsite_authz.main import create
from shopsite_authz.settings import Settings
from shopsite_common import logs
from shopsite_common.app import version_of

_GRACE_SECONDS = 5


def main() -> int:
    """Run the process and return its exit status."""
    try:
        settings = Settings()
    except ValueError as error:
        sys.exit(f"shopsite_authz: the settings are wrong: {error}")
    logs.configure(service="authz", role="api", level=settings.log_level, version=version_of("authz"))
    uvicorn.run(
        create(settings),
        host=settings.bind_host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        lifespan="on",
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
