"""What tests of faults share: a look into the database from outside, and locks that hold a process at an instant."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg2
import pytest

from shopsite_common.testing.environment import running_shop
from shopsite_common.testing.polling import eventually


class Observer:
    """Sees all schemas as the database's owner, and can hold writers of a table up."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return await asyncio.to_thread(self._rows, query, values)

    async def value(self, query: str, *values: Any) -> Any:
        """Return the one value that a query finds."""
        [[found]] = await self.rows(query, *values)
        return found

    @asynccontextmanager
    async def writers_held(self, table: str, *, readers_too: bool = False) -> AsyncGenerator[None]:
        """Let nobody write to a table; readers, and who locks rows, pass unless they are held, too."""
        mode = "ACCESS EXCLUSIVE" if readers_too else "SHARE"
        connection = await asyncio.to_thread(psycopg2.connect, self._url)
        try:
            await asyncio.to_thread(connection.cursor().execute, f"LOCK TABLE {table} IN {mode} MODE")
            yield
        finally:
            await asyncio.to_thread(connection.close)

    async def somebody_waits(self, service: str, statement: str, *, within: float = 30) -> None:
        """Wait until a service stands before a lock with a statement that begins so."""
        query = """
            SELECT count(*) FROM pg_stat_activity
            WHERE usename = %s AND wait_event_type = 'Lock' AND ltrim(query, E' \\n') ILIKE %s
        """
        await eventually(lambda: self.value(query, f"shopsite_{service}", f"{statement}%"), within=within)

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self._url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return list(cursor.fetchall())
        finally:
            connection.close()


@pytest.fixture
def observer(shop) -> Observer:
    return Observer(shop.url("DATABASE_URL"))


@pytest.fixture(autouse=True)
def healed() -> Generator[None]:
    """Whatever a test does to the network ends with it."""
    yield
    httpx.delete(f"{running_shop['NETWORK_URL']}/links").raise_for_status()
