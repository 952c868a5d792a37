"""Cached profiles: the finished bytes under ``customer:profile:{customer_id}`` in Redis, for 15 minutes.

An entry bears the version of the row it was made of, and an older one never replaces a newer one: neither a slow reader
nor a late repair brings an old profile back. An erased account leaves an entry without bytes for the same reason.
A Redis that is down is passed by.
"""

from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shopsite_common.logs import get_logger

log = get_logger(__name__)

SECONDS = 900

_PUT = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(string.match(kept, '^%d+')) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. '\\n' .. ARGV[2], 'EX', ARGV[3])
return 1
"""


def key_of(customer_id: UUID) -> str:
    """Return the entry's key."""
    return f"customer:profile:{customer_id}"


class ProfileCache:
    """Profiles by account.

    Args:
        redis: a client that fails fast.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._put = redis.register_script(_PUT)

    async def get(self, customer_id: UUID) -> bytes | None:
        """Return the profile's bytes, or None if there are none."""
        try:
            kept = await self._redis.get(key_of(customer_id))
        except (RedisError, OSError) as error:
            log.warning("profile_cache_unavailable", error=type(error).__name__)
            return None
        return kept.partition(b"\n")[2] or None if isinstance(kept, bytes) else None

    async def put(self, customer_id: UUID, version: int, body: bytes) -> bool:
        """Keep a profile, unless a newer one is kept; without bytes: forget it. Tells whether Redis has answered."""
        try:
            await self._put(keys=[key_of(customer_id)], args=[version, body, SECONDS])
        except (RedisError, OSError) as error:
            log.warning("profile_cache_unavailable", error=type(error).__name__)
            return False
        return True
