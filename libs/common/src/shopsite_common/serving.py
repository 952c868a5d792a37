"""Running a process: settings read with a clear complaint, logs configured, the application served to SIGTERM."""

import sys
from typing import Any, TypeVar

import uvicorn

from shopsite_common import logs, telemetry
from shopsite_common.app import version_of
from shopsite_common.settings import CommonSettings

AnySettings = TypeVar("AnySettings", bound=CommonSettings)


def read_settings(kind: type[AnySettings], *, service: str, role: str) -> AnySettings:
    """Read the settings and send logs to standard output; a setting that is wrong ends the process with its name."""
    try:
        settings = kind()
    except ValueError as error:
        sys.exit(f"shopsite_{service}: the settings are wrong: {error}")
    logs.configure(service=service, role=role, level=settings.log_level, version=version_of(service))
    return settings


def serve(app: Any, settings: CommonSettings, *, process: str, grace_seconds: int, factory: bool = False) -> int:
    """Serve an ASGI application until SIGTERM; requests under way get ``grace_seconds`` to end.

    Args:
        app: the application, or with ``factory`` the name of what makes it, such as ``shopsite_orders.main:create``.
        process: its name in traces.
    """
    telemetry.configure(settings, process=process)
    uvicorn.run(
        app,
        factory=factory,
        host=settings.bind_host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace_seconds,
        backlog=2048,
    )
    return 0
