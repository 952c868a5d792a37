"""The API process of the orders service."""

from fastapi import FastAPI

from shopsite_common.app import create_app
from shopsite_orders.api import ROUTERS
from shopsite_orders.deps import OrdersResources
from shopsite_orders.settings import Settings


def create() -> FastAPI:
    """Return the application, with its settings read from the environment."""
    return create_app(OrdersResources(Settings()), ROUTERS, title="ShopSite orders")
