"""The worker process of the cart service: consumers only, for the cart tells nobody anything."""

from fastapi import FastAPI

from shopsite_cart.consumers import HANDLERS
from shopsite_cart.deps import CartResources
from shopsite_cart.settings import Settings
from shopsite_common.worker import create_worker


def create() -> FastAPI:
    """Return the worker, with its settings read from the environment."""
    return create_worker(CartResources(Settings()), HANDLERS)
