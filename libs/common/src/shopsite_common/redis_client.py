"""The one kind of Redis client that processes use: it fails fast, because what Redis holds can be lost."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from shopsite_common import telemetry

_SOCKET_SECONDS = 0.5


class _Reported:
    """A connection that reports its loss as redis-py does otherwise.

    uvloop answers a write to a socket that was reset with RuntimeError, which redis-py lets through.
    """

    async def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().send_packed_command(*args, **kwargs)  # type: ignore[misc]  # of the class beside this one
        except RuntimeError as error:
            raise RedisConnectionError("the connection was reset") from error


class _PlainConnection(_Reported, Connection):
    pass


class _TlsConnection(_Reported, SSLConnection):
    pass


class TracedRedis(Redis):
    """A client whose commands show in traces, by name alone: keys and values may tell of persons."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command."""
        with telemetry.detail(f"redis {args[0]}"):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


def open_redis(url: str, *, connections: int = 64) -> Redis:
    """Return a client that fails at once, where redis-py would try a dead server for more than four seconds.

    At most so many connections; a call beyond waits for one instead of failing.
    """
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=_SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
    )
    pool.connection_class = _TlsConnection if url.startswith("rediss://") else _PlainConnection
    return TracedRedis.from_pool(pool)
