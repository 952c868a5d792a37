"""What the supervisor is told about one process, and how it learns that the process is ready."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import psycopg2

Probe = Callable[[], Awaitable[bool]]
PROBE_SECONDS = 2.0


class State(StrEnum):
    """The words of `make ps`."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"


class Stage:
    """The order of stopping: the lowest first, parts of one stage together."""

    GATEWAY = 0
    APIS = 1
    WORKERS = 2
    SERVERS = 3


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process as the table has it.

    Attributes:
        name: As `make ps` shows it; also the name of its log.
        after: Parts that must have been ready once before this one starts for the first time.
        ready: Asked again and again until it says yes; without one a process is ready as soon as it runs.
        once: A task: it runs to its end, exit code 0 makes it ready, anything else is tried again `attempts` times.
        slot: Parts of the same slot start no more than two at a time (tasks hold it to their end).
        prepare: Run in a thread before each start; raises to say why it can't be.
        cleanup: Run in a thread after the process has ended by our wish.
        grace: Seconds between the stop signal and SIGKILL.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    after: tuple[str, ...] = ()
    ready: Probe | None = None
    once: bool = False
    slot: str = ""
    prepare: Callable[[], None] | None = None
    cleanup: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stage: int = Stage.APIS
    grace: float = 12.0


def http_ready(port: int, path: str) -> Probe:
    """Ready when the path answers 200."""

    async def ask() -> bool:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        answer = await _exchange(port, request.encode())
        return answer.split(b" ", 2)[1:2] == [str(HTTPStatus.OK.value).encode()]

    return ask


def amqp_ready(port: int) -> Probe:
    """Ready when the broker opens the AMQP handshake: the frame type 1 of Connection.Start."""

    async def ask() -> bool:
        return (await _exchange(port, b"AMQP\x00\x00\x09\x01")).startswith(b"\x01")

    return ask


def redis_ready(port: int) -> Probe:
    """Ready when PING is answered; `-NOAUTH` is an answer too, `-LOADING` is not."""

    async def ask() -> bool:
        return (await _exchange(port, b"PING\r\n")).startswith((b"+PONG", b"-NOAUTH"))

    return ask


def smtp_ready(port: int) -> Probe:
    """Ready when the greeting comes."""

    async def ask() -> bool:
        return (await _exchange(port, b"")).startswith(b"220")

    return ask


def postgres_ready(url: str) -> Probe:
    """Ready when a session opens: a server that still recovers listens already, and refuses."""

    def connect() -> bool:
        try:
            psycopg2.connect(url, connect_timeout=int(PROBE_SECONDS)).close()
        except psycopg2.OperationalError:
            return False
        return True

    async def ask() -> bool:
        return await asyncio.to_thread(connect)

    return ask


async def _exchange(port: int, request: bytes) -> bytes:
    """The first bytes of an answer; none when nobody answers."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await _first_bytes(port, request)
    except (OSError, TimeoutError):
        return b""


async def _first_bytes(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read(64)
    finally:
        writer.close()
