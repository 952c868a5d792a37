"""Prometheus figures of a process, on a port of their own that the gateway never reaches."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Info, disable_created_metrics, start_http_server

_PROCESS = Info("shopsite_process", "Which process this is")


@contextmanager
def serving(port: int, host: str, *, service: str, role: str, version: str) -> Iterator[None]:
    """Serve ``/metrics`` while the block runs; port 0 serves nothing."""
    _PROCESS.info({"service": service, "role": role, "version": version})
    if not port:
        yield
        return
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each first, that nobody asks for
    server, thread = start_http_server(port, addr=host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
