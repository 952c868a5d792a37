"""One process kept alive: started, watched until ready, started again when it dies, stopped when it should."""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping
from io import BufferedWriter
from pathlib import Path

from shopsite_local.parts import Part, State

FIRST_PAUSE = 0.2  # seconds before the first restart; doubled at each further one
LONGEST_PAUSE = 5.0
WELL_SECONDS = 1.0  # who was ready and ran this long was well: it is never called failed, and waits but a moment
TRIES = 5  # deaths in a row, never well between, after which the state says failed (and a part is still tried)
TASK_TRIES = 3
LOG_BYTES = 20_000_000  # a log beyond it becomes `<name>.log.1` at the next start
PROBE_PAUSE = 0.15


class Life:
    """The life of one part; all methods belong to the supervisor's event loop."""

    def __init__(self, part: Part, log: Path, changed: Callable[[], None]) -> None:
        self.part = part
        self.log = log
        self.state = State.STOPPED
        self.pid: int | None = None
        self.note = ""
        self.been_ready = asyncio.Event()  # once ready, for ever: what waits for it starts but once
        self._changed = changed
        self._deaths = 0
        self._process: Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self, after: Mapping[str, "Life"], slot: asyncio.Semaphore | None = None) -> None:
        """Begins the life, unless it is under way; `after` are the lives to wait for."""
        if self._task is None or self._task.done():
            self._stopping, self._deaths = False, 0
            self._turn(State.STARTING, "waits for its turn")
            self._task = asyncio.create_task(self._live(after, slot), name=self.part.name)

    async def stop(self) -> None:
        """Ends the process and keeps it down."""
        self._stopping = True
        if self._process is not None:
            await self._end(self._process)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.part.cleanup is not None:
            await asyncio.to_thread(self.part.cleanup)
        self._turn(State.STOPPED)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process and those it started; nothing when there is none."""
        if self._process is not None:
            _signal_group(self._process.pid, number)

    async def _live(self, after: Mapping[str, "Life"], slot: asyncio.Semaphore | None) -> None:
        for name, other in after.items():
            self._turn(State.STARTING, f"waits for {name}")
            await other.been_ready.wait()
        async with slot or contextlib.nullcontext():
            await self._live_on()

    async def _live_on(self) -> None:
        """Runs the process again and again; a task until it succeeds or has used its tries."""
        while not self._stopping:
            began = time.monotonic()
            ended_well = await self._run_once()
            if self._stopping or (self.part.once and ended_well):
                return
            was_well = self.state == State.RUNNING and time.monotonic() - began > WELL_SECONDS
            self._deaths = min(self._deaths + 1, 2) if was_well else self._deaths + 1
            if self.part.once and self._deaths >= TASK_TRIES:
                self._turn(State.FAILED, self.note)
                return
            await self._pause()

    async def _pause(self) -> None:
        """The back-off; the state tells a first stumble from a part that does not get up."""
        self._turn(State.FAILED if self._deaths >= TRIES else State.RESTARTING, self.note)
        await asyncio.sleep(min(FIRST_PAUSE * 2 ** (self._deaths - 1), LONGEST_PAUSE))

    async def _run_once(self) -> bool:
        """One start to one end; true when a task ended with exit code 0."""
        self._turn(State.STARTING, "starts")
        try:
            process = await self._spawn()
        except Exception as problem:  # noqa: BLE001 - whatever a preparation raises is this part's failure to start
            self.note = str(problem) or repr(problem)
            self._write(f"could not start: {self.note}")
            return False
        watch = asyncio.create_task(self._watch())
        try:
            code = await process.wait()
        finally:
            watch.cancel()
            _signal_group(process.pid, signal.SIGKILL)  # what it left behind would hold its ports
            self._process, self.pid = None, None
        return self._ended(code)

    async def _spawn(self) -> Process:
        if self.part.prepare is not None:
            await asyncio.to_thread(self.part.prepare)
        if self._stopping:
            raise RuntimeError("stopped before it began")
        with _open_log(self.log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.part.argv,
                env=dict(self.part.env),
                cwd=self.part.cwd,
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._turn(State.STARTING, "not ready yet")
        return self._process

    async def _watch(self) -> None:
        """Asks until ready; the state follows."""
        while self.state != State.RUNNING and not self.part.once:
            if self.part.ready is None or await self.part.ready():
                self.been_ready.set()
                self._turn(State.RUNNING)
            else:
                await asyncio.sleep(PROBE_PAUSE)

    def _ended(self, code: int) -> bool:
        """Notes how it ended."""
        ended_well = self.part.once and code == 0
        if ended_well:
            self.been_ready.set()
            self._turn(State.STOPPED, "done")
        elif not self._stopping:
            self.note = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self._write(self.note)
        return ended_well

    async def _end(self, process: Process) -> None:
        """The stop signal, a grace, SIGKILL; a frozen process is thawed, or it could not hear."""
        for number in (signal.SIGCONT, self.part.stop_signal):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)
        try:
            async with asyncio.timeout(self.part.grace):
                await process.wait()
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()

    def _turn(self, state: State, note: str = "") -> None:
        if (state, note) != (self.state, self.note) or state in {State.STARTING, State.RUNNING}:
            self.state, self.note = state, note
            self._changed()

    def _write(self, sentence: str) -> None:
        """A line of ours in the process's own log."""
        with _open_log(self.log) as log:
            os.write(log.fileno(), f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} runner: {sentence}\n".encode())


def _open_log(path: Path) -> BufferedWriter:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def _signal_group(pid: int, number: signal.Signals) -> None:
    """Each part leads its own session, so that its group is the process and all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
