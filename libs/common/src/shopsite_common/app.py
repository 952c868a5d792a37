"""The application factory: every service's API process is made here, so that all behave alike."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from shopsite_common import logs, metrics, openapi, problems, telemetry
from shopsite_common.dead_letters.api import router as dead_letters_router
from shopsite_common.health import Probe, health_router
from shopsite_common.load_limit import LoadLimit
from shopsite_common.middleware import RequestMiddleware
from shopsite_common.resources import Resources

_MAX_JSON_BYTES = 1024 * 1024


def version_of(service: str) -> str:
    """Return the installed version of a service's package."""
    try:
        return installed_version(f"shopsite-{service}")
    except PackageNotFoundError:
        return "0.0.0"


def create_app(
    resources: Resources,
    routers: Sequence[APIRouter],
    *,
    title: str,
    helpful: Mapping[str, Probe] | None = None,
    inner_middleware: Sequence[Middleware] = (),
) -> FastAPI:
    """Return the API of a service.

    Args:
        resources: what it holds open; closed when the process ends.
        routers: its endpoints.
        title: its name in the documents.
        helpful: dependencies besides the database and Redis whose state its readiness shows.
        inner_middleware: stands inside the request's own, so that its answers have their id and measure, too.
    """
    settings = resources.settings
    version = version_of(settings.service)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        figures = metrics.serving(
            settings.metrics_port, settings.bind_host, service=settings.service, role="api", version=version
        )
        with telemetry.exporting(), figures:
            yield
            await resources.close()

    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        middleware=inner_middleware,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        max_body_size=_MAX_JSON_BYTES,
        telemetry=telemetry.of_fastapi(settings),
    )
    app.state.resources = resources
    # the order matters: the request's own middleware is the outermost, so that every answer passes through it; then
    # comes the limit, before anything that waits
    app.add_middleware(LoadLimit, most=settings.max_requests_under_way)
    app.add_middleware(RequestMiddleware)
    problems.install(app)
    openapi.install(app)
    optional = {"redis": resources.redis.ping, **(helpful or {})}
    app.include_router(
        health_router(settings.service, version, needed={"database": resources.db.ping}, helpful=optional)
    )
    for router in (*routers, dead_letters_router):
        app.include_router(router)
    return app


def configure_logs(resources: Resources, role: str) -> None:
    """Send the process's logs to standard output, as JSON."""
    settings = resources.settings
    logs.configure(service=settings.service, role=role, level=settings.log_level, version=version_of(settings.service))
