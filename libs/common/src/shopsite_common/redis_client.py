"""The one kind of Redis client that processes use: it fails fast, because what Redis holds can be lost."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_SOCKET_SECONDS = 0.5


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
    return Redis.from_pool(pool)
