"""The private servers themselves, started from nothing in a folder of their own."""

import asyncio
import time

import psycopg2
import pytest

from shopsite_common.testing.polling import eventually
from shopsite_local import control, ports, shop
from shopsite_local.layout import SERVER_OFFSETS, Instance, make_folders
from shopsite_local.servers import addresses, server_parts
from shopsite_local.supervisor import Supervisor

pytestmark = pytest.mark.integration
FIRST_START_SECONDS = 90.0


@pytest.fixture
async def servers(tmp_path):
    home = tmp_path / ".local"  # pytest's folders are closed to other users, as many people's homes are
    make_folders(home)
    instance = Instance(home=home, base=ports.free_base(dict(SERVER_OFFSETS), 25000), kind="servers")
    running = asyncio.create_task(Supervisor(home, server_parts(instance), {}).run())
    await eventually(lambda: asyncio.to_thread(control.is_running, home))
    yield instance
    await asyncio.to_thread(control.ask, home, "down")
    await running
    await asyncio.to_thread(shop.reset, home)
    assert list(home.iterdir()) == []


def write(url):
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS kept (at timestamptz DEFAULT now()); INSERT INTO kept DEFAULT VALUES"
        )
        cursor.execute("SELECT count(*) FROM kept")
        return cursor.fetchone()[0]


async def test_they_start_from_nothing_and_keep_their_data_when_they_are_killed(servers):
    def all_ready():
        return all(row["ready"] for row in shop.rows(servers.home))

    await eventually(lambda: asyncio.to_thread(all_ready), within=FIRST_START_SECONDS)
    first = await asyncio.to_thread(write, addresses(servers).database)
    pids = {row["name"]: row["pid"] for row in await asyncio.to_thread(shop.rows, servers.home)}

    began = time.monotonic()
    for name in pids:
        await asyncio.to_thread(control.ask, servers.home, "kill", name)
    await eventually(lambda: asyncio.to_thread(all_ready), within=FIRST_START_SECONDS)

    assert first == 1
    assert await asyncio.to_thread(write, addresses(servers).database) == 2
    again = {row["name"]: row["pid"] for row in await asyncio.to_thread(shop.rows, servers.home)}
    assert all(again[name] != pid for name, pid in pids.items())
    assert time.monotonic() - began < FIRST_START_SECONDS
