"""A Redis that goes away is one kind of error, whatever the event loop makes of it."""

import asyncio
import socket
import struct

import pytest
import uvloop
from redis.exceptions import RedisError

from shopsite_common.redis_client import open_redis


async def lose_a_connection() -> None:
    transports: list[asyncio.Transport] = []

    class Server(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport = transport
            transports.append(transport)

        def data_received(self, data: bytes) -> None:
            self.transport.write(b"+PONG\r\n" * data.count(b"\r\n$4\r\nPING") or b"+OK\r\n" * data.count(b"*"))

    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    client = open_redis(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2")
    assert await client.ping()
    lost = transports[0].get_extra_info("socket")
    lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, as of a machine that went away
    transports[0].abort()
    await asyncio.sleep(0.05)
    with pytest.raises(RedisError):
        await client.ping()
    assert await client.ping(), "the next call has a new connection"
    await client.aclose()
    server.close()


def test_a_reset_connection_is_an_error_of_redis_under_uvloop_too():
    uvloop.run(lose_a_connection())
