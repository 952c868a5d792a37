"""The API process of the cart service."""

from fastapi import FastAPI

from shopsite_cart.api import router
from shopsite_cart.deps import CartResources
from shopsite_cart.settings import Settings
from shopsite_common.app import create_app


def create() -> FastAPI:
    """Return the application, with its settings read from the environment."""
    return create_app(CartResources(Settings()), [router], title="ShopSite cart")
