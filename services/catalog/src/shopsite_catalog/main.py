"""The API process."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from shopsite_catalog.api import ROUTERS
from shopsite_catalog.api.hot_reads import HotReads
from shopsite_catalog.deps import CatalogResources
from shopsite_catalog.settings import Settings
from shopsite_common.app import create_app
from shopsite_common.rate_limit import AnonymousQuota


def create() -> FastAPI:
    """Return catalog's API."""
    settings = Settings()
    own = CatalogResources(settings)
    quota = Middleware(
        AnonymousQuota,
        limiter=own.limiter,
        quota=settings.anonymous,
        trusted_proxies=settings.trusted_proxies,
    )
    return create_app(own, ROUTERS, title="ShopSite catalog", inner_middleware=[quota, Middleware(HotReads, own=own)])
