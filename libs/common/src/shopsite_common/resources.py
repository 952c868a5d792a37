"""What a process holds open while it lives: database, key set, Redis, clients. Made once, closed in order."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shopsite_common.db import Database
from shopsite_common.http_client import HttpClient
from shopsite_common.redis_client import open_redis
from shopsite_common.service_tokens import ServiceSigner, ServiceVerifier
from shopsite_common.settings import ServiceSettings
from shopsite_common.tokens import KeySet, http_source


class Resources:
    """What every service holds. A service's ``deps.py`` adds its own clients in a subclass.

    Args:
        settings: the service's settings.
        key_source: where the key set comes from; identity's own process reads it from its tables.
    """

    def __init__(
        self, settings: ServiceSettings, *, key_source: Callable[[], Awaitable[dict[str, Any]]] | None = None
    ) -> None:
        self.settings = settings
        self.db = Database(
            settings.service_database_url, places=settings.db_pool_size, wait_seconds=settings.db_wait_seconds
        )
        self.redis = open_redis(settings.redis_url)
        jwks_url = f"{settings.url_of('identity')}/.well-known/jwks.json"
        self.keys = KeySet(key_source or http_source(jwks_url), cache_file=_cache_file(settings))
        self.signer = ServiceSigner(settings.service, settings.service_key_file)
        self.callers = ServiceVerifier(settings.service, settings.service_public_keys_dir)
        self._clients: list[HttpClient] = []

    def client(self, service: str, *, timeout: float = 2.0, retries: int = 2) -> HttpClient:
        """Return a client of another service, closed together with these resources."""
        client = HttpClient(
            service, self.settings.url_of(service), timeout=timeout, retries=retries, signer=self.signer
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Close everything; running units of work end first."""
        for client in self._clients:
            await client.close()
        await self.redis.aclose()
        self.db.close()


def _cache_file(settings: ServiceSettings) -> Path | None:
    return settings.state_dir / "key-set.json" if settings.state_dir != Path() else None
