"""What the processes of identity hold open, and how endpoints reach it."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from shopsite_common.rate_limit import ClientAddress, Limiter
from shopsite_common.resources import Resources
from shopsite_identity.clients.keyring import Keyring
from shopsite_identity.clients.passwords import PasswordHasher
from shopsite_identity.clients.profiles import ProfileCache
from shopsite_identity.deps.issuer import Issuer
from shopsite_identity.deps.throttle import Throttle
from shopsite_identity.settings import Settings


class IdentityResources(Resources):
    """The common resources, and what is derived from ``SECRET_KEY``, hashes passwords, signs and counts."""

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, key_source=self._key_set)
        self.keyring = Keyring(settings.secret_key)
        self.issuer = Issuer(self.db, self.keyring, term=settings.access_token_term)
        self.passwords = PasswordHasher(places=settings.password_places, wait_seconds=settings.password_wait_seconds)
        self.profiles = ProfileCache(self.redis)
        self.addresses = ClientAddress(settings.trusted_proxies)
        self.throttle = Throttle(Limiter(self.redis), self.keyring, switched_on=settings.shopsite_rate_limit_login > 0)

    async def close(self) -> None:
        """Close everything; running units of work end first."""
        self.passwords.close()
        await super().close()

    async def _key_set(self) -> dict[str, Any]:
        return {"keys": await self.issuer.public_keys()}


async def get_resources(request: Request) -> IdentityResources:
    """Return what the process holds open."""
    return cast("IdentityResources", request.app.state.resources)


async def get_client_address(request: Request) -> str:
    """Return the address that a request came from, as the gateway saw it."""
    peer = request.client.host if request.client is not None else ""
    chain = request.headers.get("x-forwarded-for") or request.headers.get("x-real-ip") or peer
    addresses: ClientAddress = request.app.state.resources.addresses
    return addresses.of(chain)


Own = Annotated[IdentityResources, Depends(get_resources)]
Address = Annotated[str, Depends(get_client_address)]
