import asyncio
import contextlib

import pytest

from shopsite_local.network.proxy import Fault, FaultProxy


async def echo(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = FaultProxy(0, server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    await proxy.close()
    server.close()


@contextlib.asynccontextmanager
async def connected(proxy):
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


class Line:
    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def say(self, word):
        self._writer.write(word)
        await self._writer.drain()

    async def hear(self, seconds=5.0):
        async with asyncio.timeout(seconds):
            return await self._reader.read(100)

    async def ask(self, word):
        await self.say(word)
        return await self.hear()

    async def hears_nothing(self, seconds=0.2):
        with pytest.raises(TimeoutError):
            await self.hear(seconds)


async def test_data_passes_both_ways(proxy):
    async with connected(proxy) as line:
        assert await line.ask(b"one") == b"one"


async def test_an_end_passes_too(proxy):
    async with connected(proxy) as line:
        assert await line.ask(b"one") == b"one"
        line._writer.write_eof()
        assert await line.hear() == b""


async def test_a_cut_breaks_what_is_open_and_refuses_what_comes(proxy):
    async with connected(proxy) as line:
        await line.ask(b"one")
        await proxy.cut()
        with contextlib.suppress(ConnectionResetError):
            assert await line.hear() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
    await proxy.heal()
    async with connected(proxy) as line:
        assert await line.ask(b"two") == b"two"


async def test_a_reset_breaks_what_is_open_and_lets_in_what_comes(proxy):
    async with connected(proxy) as line:
        await line.ask(b"one")
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await line.hear()
    async with connected(proxy) as line:
        assert await line.ask(b"two") == b"two"


async def test_a_delay_is_waited_in_each_direction(proxy):
    await proxy.delay(0.15)
    async with connected(proxy) as line:
        began = asyncio.get_running_loop().time()
        assert await line.ask(b"one") == b"one"
        assert asyncio.get_running_loop().time() - began >= 0.3


async def test_what_a_black_hole_held_arrives_late(proxy):
    await proxy.blackhole()
    async with connected(proxy) as line:
        await line.say(b"one")
        await line.hears_nothing()
        await proxy.heal()
        assert await line.hear() == b"one"


async def test_a_mute_target_has_heard(proxy):
    heard = asyncio.Queue()

    async def note(reader, writer):
        await heard.put(await reader.read(100))
        writer.write(b"done")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    proxy.target = server.sockets[0].getsockname()[1]
    await proxy.mute()
    async with connected(proxy) as line:
        await line.say(b"commit")
        assert await asyncio.wait_for(heard.get(), 5) == b"commit"
        await line.hears_nothing()
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await line.hear()
    server.close()


async def test_a_new_fault_takes_the_place_of_the_old_one(proxy):
    await proxy.cut()
    await proxy.delay(0.01)
    assert proxy.fault is Fault.DELAY
    async with connected(proxy) as line:
        assert await line.ask(b"one") == b"one"


async def test_a_target_that_is_away_ends_the_connection():
    proxy = FaultProxy(0, 1)
    await proxy.start()
    async with connected(proxy) as line:
        with contextlib.suppress(ConnectionResetError):
            assert await line.hear() == b""
    await proxy.close()
