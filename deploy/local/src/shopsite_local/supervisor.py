"""All parts of one shop: started by their dependencies, stopped by their stages, asked through a Unix socket."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from shopsite_common.service_keys import write_private
from shopsite_local import marks
from shopsite_local.layout import logs_of, run_of, socket_of
from shopsite_local.life import Life
from shopsite_local.parts import Part, Stage, State

AT_ONCE = 2  # parts of one slot
READY_SECONDS = 30.0  # how long `start` waits to be able to say `running`
POLL = 0.05

Answer = dict[str, Any]


class Supervisor:
    """Runs a table of parts below a data folder until it is told to end."""

    def __init__(self, home: Path, parts: Sequence[Part], facts: Mapping[str, str]) -> None:
        """Takes the table, and the facts that `make env` prints."""
        self._home = home
        self._facts = dict(facts)
        self._slots = {part.slot: asyncio.Semaphore(AT_ONCE) for part in parts if part.slot}
        self._lives = {part.name: Life(part, logs_of(home) / f"{part.name}.log", self._note) for part in parts}
        self._ending = asyncio.Event()
        self._ended = asyncio.Event()
        self._commands: dict[str, Callable[[], Awaitable[Answer]]] = {
            "status": self._do_status,
            "facts": self._do_facts,
            "retry": self._do_retry,
            "down": self._do_down,
        }

    async def run(self) -> None:
        """Starts everything, serves the control socket, and returns when all is stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        path = socket_of(self._home)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, path)
        path.chmod(0o600)
        self._start_all()
        await self._ending.wait()
        await self._stop_all()
        self._ended.set()
        server.close()
        await asyncio.sleep(POLL)  # the answer to `down` leaves before the loop does
        path.unlink(missing_ok=True)

    def _start_all(self) -> None:
        for life in self._lives.values():
            self._start(life)

    def _start(self, life: Life) -> None:
        after = {name: self._lives[name] for name in life.part.after if name in self._lives}
        life.start(after, self._slots.get(life.part.slot))

    async def _stop_all(self) -> None:
        """Gateway, APIs, workers, servers: nobody loses what they still need."""
        for stage in (Stage.GATEWAY, Stage.APIS, Stage.WORKERS, Stage.SERVERS):
            await asyncio.gather(*(life.stop() for life in self._lives.values() if life.part.stage == stage))

    def _note(self) -> None:
        """Pids on disk: whoever comes after a supervisor that was killed finds its children."""
        pids = {name: marks.mark(life.pid) for name, life in self._lives.items() if life.pid}
        write_private(run_of(self._home) / "pids.json", json.dumps(pids).encode())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request line, one answer line."""
        with contextlib.suppress(ConnectionError, json.JSONDecodeError):
            request = json.loads(await reader.readline())
            answer = await self._answer(str(request.get("do")), str(request.get("name", "")))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _answer(self, what: str, name: str) -> Answer:
        if what in self._commands:
            return await self._commands[what]()
        if what not in ACTIONS:
            return {"error": f"unknown command {what!r}: use {', '.join(ACTIONS)}"}
        if name not in self._lives:
            return {"error": f"unknown process {name!r}: use one of {', '.join(self._names())}"}
        await ACTIONS[what](self._lives[name])
        return {"parts": [self._row(self._lives[name])]}

    def _names(self) -> list[str]:
        return [name for name, life in self._lives.items() if not life.part.once]

    @staticmethod
    def _row(life: Life) -> Answer:
        return {
            "name": life.part.name,
            "pid": life.pid,
            "state": life.state,
            "note": life.note,
            "ready": life.been_ready.is_set() if life.part.once else life.state == State.RUNNING,
            "once": life.part.once,
        }

    async def _do_status(self) -> Answer:
        return {"parts": [self._row(life) for life in self._lives.values()], "pid": marks.own_pid()}

    async def _do_facts(self) -> Answer:
        return {"facts": self._facts}

    async def _do_retry(self) -> Answer:
        """What failed begins again, with all its tries before it."""
        for life in [life for life in self._lives.values() if life.state == State.FAILED]:
            await life.stop()
            self._start(life)
        return {}

    async def _do_down(self) -> Answer:
        self._ending.set()
        await self._ended.wait()
        return {}


async def start(life: Life) -> None:
    """Returns when it is ready, or after a while without: the state tells."""
    life.start({})
    await _until(lambda: life.state == State.RUNNING, READY_SECONDS)


async def restart(life: Life) -> None:
    """A clean stop, then `start`."""
    await life.stop()
    await start(life)


async def kill(life: Life) -> None:
    """SIGKILL; returns when the process is gone, so that the next `ps` shows no dead pid."""
    victim = life.pid
    life.send(signal.SIGKILL)
    await _until(lambda: life.pid != victim or victim is None, READY_SECONDS)


async def pause(life: Life) -> None:
    """SIGSTOP to it and its children."""
    life.send(signal.SIGSTOP)


async def resume(life: Life) -> None:
    """SIGCONT to it and its children."""
    life.send(signal.SIGCONT)


async def _until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return
        await asyncio.sleep(POLL)


ACTIONS: dict[str, Callable[[Life], Awaitable[None]]] = {
    "start": start,
    "stop": Life.stop,
    "restart": restart,
    "kill": kill,
    "pause": pause,
    "resume": resume,
}
