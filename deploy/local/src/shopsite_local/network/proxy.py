"""A TCP proxy that can be made to fail in the ways of a network.

`FaultProxy(port, target)` listens on a port of loopback and hands every connection on to `target`, another port of
loopback. `cut()` refuses and breaks connections, as if the server were gone; `reset()` breaks those of this moment, and
new ones work; `delay(seconds)` holds each piece of data that long, both ways; `blackhole()` lets connections open and
holds everything, `mute()` only what the target answers: requests are done, and nobody hears of it. What is held arrives
late, after `heal()`, as it does on a real network; followed by `reset()` it is lost. A test shop (`Instance.kind ==
"test"`) has one such proxy before each server, simulator and service API: its processes are given the proxies' ports by
their environment (`DATABASE_URL_…`, `REDIS_URL`, `ORDERS_URL`, …), while `make env` names the servers themselves.
"""

import asyncio
import contextlib
import socket
import struct
from enum import StrEnum

_CHUNK = 65536
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing sends RST, as a machine that went away would


class Fault(StrEnum):
    """What is wrong with a proxy."""

    NONE = "none"
    CUT = "cut"
    DELAY = "delay"
    BLACKHOLE = "blackhole"
    MUTE = "mute"


class FaultProxy:
    """One listening port and what is wrong with it; its methods belong to one event loop.

    Args:
        port: where it listens, on 127.0.0.1; 0 takes a free one.
        target: the port that it forwards to.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self.fault = Fault.NONE
        self._seconds = 0.0
        self._server: asyncio.Server | None = None
        self._passing = _open_gates()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def connections(self) -> int:
        """How many connections are open through it."""
        return len(self._tasks)

    async def start(self) -> None:
        """Listen; `port` is the real one afterwards."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, reuse_address=True, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._server = server

    async def close(self) -> None:
        """End everything."""
        await self._stop_listening()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut(self) -> None:
        """Refuse new connections and break those that are open."""
        self._turn(Fault.CUT)
        await self._stop_listening()
        self.reset()

    async def delay(self, seconds: float) -> None:
        """Hold each piece of data so long, in both directions."""
        await self.heal()
        self._seconds = seconds
        self._turn(Fault.DELAY)

    async def blackhole(self) -> None:
        """Hold all data."""
        await self.heal()
        self._turn(Fault.BLACKHOLE)

    async def mute(self) -> None:
        """Hold what the target answers; what it is told still arrives."""
        await self.heal()
        self._turn(Fault.MUTE)

    async def heal(self) -> None:
        """End the fault; what was held arrives now."""
        self._seconds = 0.0
        self._turn(Fault.NONE)
        if self._server is None:
            await self.start()

    def reset(self) -> None:
        """Break the connections that are open; what was held for them is lost."""
        for writer in self._writers:
            peer: socket.socket | None = writer.get_extra_info("socket")
            if peer is not None:
                with contextlib.suppress(OSError):
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()

    def _turn(self, fault: Fault) -> None:
        self.fault = fault
        told, answered = self._passing
        _set(told, open_=fault is not Fault.BLACKHOLE)
        _set(answered, open_=fault not in {Fault.BLACKHOLE, Fault.MUTE})

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a callback of a server always runs in a task
        self._tasks.add(task)
        try:
            await self._join(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect to the target and pump until one side ends."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        told, answered = self._passing
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, far_writer, told))
                pumps.create_task(self._pump(far_reader, writer, answered))
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passing: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                if self._seconds:
                    await asyncio.sleep(self._seconds)
                await passing.wait()
                sink.write(data)
                await sink.drain()
        await passing.wait()
        with contextlib.suppress(OSError):
            if sink.can_write_eof():
                sink.write_eof()


def _open_gates() -> tuple[asyncio.Event, asyncio.Event]:
    gates = asyncio.Event(), asyncio.Event()
    for gate in gates:
        gate.set()
    return gates


def _set(gate: asyncio.Event, *, open_: bool) -> None:
    gate.set() if open_ else gate.clear()
