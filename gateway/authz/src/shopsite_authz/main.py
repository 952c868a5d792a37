"""The process: settings to parts, parts to the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shopsite_authz.app import Authz
from shopsite_authz.credentials import Sessions, Tokens
from shopsite_authz.gate import Gate
from shopsite_authz.revocations import Revocations
from shopsite_authz.settings import Settings
from shopsite_common import metrics, telemetry
from shopsite_common.app import version_of
from shopsite_common.http_client import HttpClient
from shopsite_common.rate_limit import Limiter
from shopsite_common.redis_client import open_redis
from shopsite_common.service_tokens import ServiceSigner
from shopsite_common.tokens import KeySet, http_source


def create(settings: Settings | None = None) -> Authz:
    """Return the application, with everything that it holds open."""
    settings = settings or Settings()
    version = version_of(settings.service)
    redis = open_redis(settings.redis_url)
    signer = ServiceSigner(settings.service, settings.service_key_file)
    identity = HttpClient("identity", settings.url_of("identity"), timeout=2, retries=0, signer=signer)
    revocations = Revocations(identity, file=settings.state_file("revocations.json"))
    keys = KeySet(
        http_source(f"{settings.url_of('identity')}/.well-known/jwks.json"),
        cache_file=settings.state_file("key-set.json"),
    )
    tokens = Tokens(keys, revocations)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        port, host = settings.metrics_port, settings.bind_host
        figures = metrics.serving(port, host, service=settings.service, role="api", version=version)
        with telemetry.exporting(), figures:
            yield
        await identity.close()
        await redis.aclose()

    gate = Gate(settings, tokens=tokens, sessions=Sessions(identity, tokens), limiter=Limiter(redis))
    return Authz(gate, revocations=revocations, redis=redis, version=version, running=running)
