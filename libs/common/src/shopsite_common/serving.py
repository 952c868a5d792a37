"""Running a process: settings read with a clear complaint, logs configured, the application served to SIGTERM."""

import asyncio
import contextlib
import socket
import sys
import time
from types import FrameType
from typing import Any, TypeVar

import uvicorn

from shopsite_common import logs, telemetry
from shopsite_common.app import version_of
from shopsite_common.settings import CommonSettings

AnySettings = TypeVar("AnySettings", bound=CommonSettings)
_ON_THE_WAY_SECONDS = 0.5


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
    config = uvicorn.Config(
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
    config.load_app()
    server = Server(config, drain_seconds=settings.drain_seconds)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else 1


class Server(uvicorn.Server):
    """A server that leaves without losing a request that is on its way to it.

    Whoever keeps connections open, as Traefik does, may send the next request on one in the very moment in which it is
    closed, and must not repeat a POST that failed so. Hence after SIGTERM each answer says `Connection: close` for
    `drain_seconds`, while everything is served as before; when no kept connection is left, nobody new is let in, and
    only then the rest is closed. With 0, as where nobody else could take over, it closes at once.
    """

    def __init__(self, config: uvicorn.Config, *, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._leaves_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to drain at the first signal; the second one ends it at once."""
        if not self._drain_seconds or self._leaves_at is not None:
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._leaves_at = time.monotonic() + self._drain_seconds
        self.config.encoded_headers.append((b"connection", b"close"))

    async def on_tick(self, counter: int) -> bool:
        """Looks ten times a second whether the time to leave has come."""
        if self._leaves_at is not None and time.monotonic() >= self._leaves_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets in nobody new, gives those just let in the time to speak, then closes as uvicorn does."""
        if self._leaves_at is not None:
            for server in self.servers:
                await self._let_in_who_waits(server)
                server.close()
            await asyncio.sleep(_ON_THE_WAY_SECONDS)
        await super().shutdown(sockets)

    async def _let_in_who_waits(self, server: asyncio.Server) -> None:
        """Accept what the kernel has let in already: closing would reset it, and what was sent on it would be lost."""
        loop = asyncio.get_running_loop()
        for listener in server.sockets:
            own = socket.socket(fileno=socket.dup(listener.fileno()))
            own.setblocking(False)
            with contextlib.closing(own), contextlib.suppress(BlockingIOError):
                while True:
                    connection, _ = own.accept()
                    await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
