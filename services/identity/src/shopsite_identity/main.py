"""The API process of the identity service."""

from fastapi import FastAPI

from shopsite_common.app import create_app
from shopsite_identity.api import ROUTERS
from shopsite_identity.deps import IdentityResources
from shopsite_identity.settings import Settings


def create() -> FastAPI:
    """Return the application, with its settings read from the environment."""
    return create_app(IdentityResources(Settings()), ROUTERS, title="ShopSite identity")
