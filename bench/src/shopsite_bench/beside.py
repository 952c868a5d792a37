"""Processes beside the shop: references and their Traefik, each on a free port, ended with the block."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from shopsite_bench.load import Target
from shopsite_local.layout import ROOT
from shopsite_local.problems import RunnerError

_READY_SECONDS = 120.0
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    url: str
    pid: int


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(argv: Sequence[str], *, port: int, log: Path, env: Mapping[str, str]) -> Iterator[Server]:
    """Runs a program that serves HTTP at `port` for the time of the block.

    Raises:
        RunnerError: nobody answers there; the end of the log is in the message.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(argv, env={**os.environ, **env}, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(process, port, log)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=30)
            return
        time.sleep(0.05)
    raise RunnerError(f"{log.stem} does not answer. The end of its log:", *log.read_text().splitlines()[-12:])


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def program(module: str, logs: Path, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Runs a module of `shopsite_bench.references` under uvicorn, one process, as a service's API runs."""
    port = free_port()
    argv = [
        *(sys.executable, "-m", "uvicorn", f"shopsite_bench.references.{module}:app"),
        *("--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--http", "httptools"),
        *("--lifespan", "off", "--no-access-log", "--log-level", "warning", "--no-server-header"),
    ]
    with running(argv, port=port, log=logs / f"{module}.log", env=env or {}) as server:
        yield server


@contextlib.contextmanager
def gateway(back: Server, folder: Path, *, auth: Server | None = None, servers: Sequence[int] = ()) -> Iterator[Target]:
    """Runs a plain Traefik before a program, with ForwardAuth where `auth` is given; the target is its root.

    Args:
        back, auth: count as the target's, with the gateway itself.
        servers: others that work for them, such as PostgreSQL.
    """
    port = free_port()
    routes = folder / f"traefik-{port}.yml"
    routes.write_text(yaml.safe_dump(_routes(back, auth)), encoding="utf-8")
    env = {
        "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": f"127.0.0.1:{port}",
        "TRAEFIK_PROVIDERS_FILE_FILENAME": str(routes),
        "TRAEFIK_GLOBAL_CHECKNEWVERSION": "false",
        "TRAEFIK_GLOBAL_SENDANONYMOUSUSAGE": "false",
        "TRAEFIK_LOG_LEVEL": "ERROR",
        "HOME": str(folder),
    }
    traefik = str(ROOT / ".venv" / "bin" / "traefik")
    with running([traefik], port=port, log=folder / "traefik.log", env=env) as server:
        _wait_for_routes(server)
        pids = [server.pid, back.pid, *([auth.pid] if auth else []), *servers]
        yield Target(f"{server.url}/", lambda: pids)


def _wait_for_routes(server: Server) -> None:
    """Traefik listens before it has read its routes."""
    deadline = time.monotonic() + _READY_SECONDS
    while httpx.get(server.url, trust_env=False).status_code == httpx.codes.NOT_FOUND and time.monotonic() < deadline:
        time.sleep(0.05)


def _routes(back: Server, auth: Server | None) -> dict[str, object]:
    guard = {"middlewares": {"auth": {"forwardAuth": {"address": auth.url}}}} if auth else {}
    router = {"rule": "PathPrefix(`/`)", "service": "back", **({"middlewares": ["auth"]} if auth else {})}
    # 200 idle connections, as the shop's gateway keeps them
    transport = {"servers": [{"url": back.url}], "serversTransport": "kept"}
    return {
        "http": {
            "routers": {"all": router},
            "services": {"back": {"loadBalancer": transport}},
            "serversTransports": {"kept": {"maxIdleConnsPerHost": 200}},
            **guard,
        }
    }
