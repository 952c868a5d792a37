"""The portal's application: what the gateway says, shows and collects itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi_offline
import httpx
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from shopsite_common import metrics, openapi, problems, telemetry
from shopsite_common.app import version_of
from shopsite_common.health import health_router
from shopsite_common.middleware import RequestMiddleware
from shopsite_common.rate_limit import AnonymousQuota, Limiter
from shopsite_common.redis_client import open_redis
from shopsite_portal.admin import dashboard
from shopsite_portal.admin.api import Backends
from shopsite_portal.dead_letters import DeadLetters, dead_letters_router
from shopsite_portal.documents import MergedDocument, documents_router
from shopsite_portal.gateway_errors import errors_router
from shopsite_portal.health import HealthWatch, shop_health_router
from shopsite_portal.landing import landing_router
from shopsite_portal.pages import STATIC, pages_router
from shopsite_portal.resources import Resources
from shopsite_portal.settings import Settings

_DOCUMENT_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_MAX_BODY_BYTES = 6 * 1024 * 1024


def create(settings: Settings | None = None, *, http: httpx.AsyncClient | None = None) -> FastAPI:
    """Return the application, with everything that it holds open; ``http`` asks the services."""
    settings = settings or Settings()
    version = version_of(settings.service)
    http = http or httpx.AsyncClient(timeout=3, trust_env=False)
    redis = open_redis(settings.redis_url)
    backends = Backends(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        port, host = settings.metrics_port, settings.bind_host
        figures = metrics.serving(port, host, service=settings.service, role="api", version=version)
        with telemetry.exporting(), figures:
            yield
        await backends.close()
        await http.aclose()
        await redis.aclose()

    app = FastAPI(
        title="portal",
        version=version,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        max_body_size=_MAX_BODY_BYTES,
        telemetry=telemetry.of_fastapi(settings),
    )
    app.state.resources = Resources(settings)
    app.add_middleware(
        AnonymousQuota, limiter=Limiter(redis), quota=settings.anonymous, trusted_proxies=settings.trusted_proxies
    )
    # added last, so outermost: every answer passes through it
    app.add_middleware(RequestMiddleware)
    problems.install(app)
    openapi.install(app)
    health = HealthWatch(http, settings.watched_urls)
    _include_routes(app, settings, http, health)
    dashboard.install(app, dashboard.Dashboard(backends, health, settings.shop_name))
    return app


def _include_routes(app: FastAPI, settings: Settings, http: httpx.AsyncClient, health: HealthWatch) -> None:
    name = settings.shop_name
    document = MergedDocument(
        http,
        settings.service_urls,
        own=app.openapi,
        shop_name=name,
        version=app.version,
        file=settings.state_file("openapi.json"),
    )
    app.include_router(health_router("portal", app.version, needed={}))
    app.include_router(errors_router(name))
    app.include_router(shop_health_router(health))
    app.include_router(documents_router(document, shop_name=name, assets=_DOCUMENT_ASSETS))
    app.include_router(dead_letters_router(DeadLetters(http, settings.service_urls)))
    app.include_router(landing_router(settings, http, health))
    app.include_router(pages_router(name, reset_url=settings.shop_reset_url))
    app.mount("/static/docs", StaticFiles(directory=_DOCUMENT_ASSETS))
    app.mount("/static/portal", StaticFiles(directory=STATIC))
