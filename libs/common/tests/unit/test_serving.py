"""How a process leaves: a real server on a loopback socket."""

import asyncio
import signal
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from shopsite_common.serving import Server
from shopsite_common.testing.polling import eventually


async def hello(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(*, drain_seconds):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(hello, lifespan="off", log_config=None, timeout_graceful_shutdown=5)
        server = Server(config, drain_seconds=drain_seconds)
        running = asyncio.create_task(server._serve(sockets=[listener]))
        await eventually(lambda: server.started)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            yield server, client, running
        server.should_exit = True
        await running


async def test_while_it_drains_it_serves_on_and_lets_go_of_each_connection():
    async with served(drain_seconds=3) as (server, client, running):
        assert "connection" not in (await client.get("/")).headers
        server.handle_exit(signal.SIGTERM, None)

        async def lets_go():
            answer = await client.get("/")
            assert answer.status_code == 200
            return answer.headers.get("connection") == "close"

        await eventually(lets_go, within=2.5)
        await asyncio.wait_for(running, 15)
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_without_a_time_to_drain_it_leaves_at_the_first_signal():
    async with served(drain_seconds=0) as (server, _, running):
        server.handle_exit(signal.SIGTERM, None)
        assert server.should_exit
        await asyncio.wait_for(running, 15)


async def test_a_second_signal_ends_the_drain():
    async with served(drain_seconds=60) as (server, _, running):
        server.handle_exit(signal.SIGTERM, None)
        assert not server.should_exit
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(running, 15)
