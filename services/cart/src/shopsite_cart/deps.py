"""What the cart's processes hold open, and how endpoints reach it."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from shopsite_cart.clients import Catalog, HttpCatalog
from shopsite_cart.settings import Settings
from shopsite_common.db import Database
from shopsite_common.resources import Resources


class CartResources(Resources):
    """The common resources and the catalog."""

    def __init__(self, settings: Settings, **kwargs: Any) -> None:
        super().__init__(settings, **kwargs)
        # no retry: a customer waits for this call, and it shall end within its second
        client = self.client("catalog", timeout=settings.cart_catalog_timeout_seconds, retries=0)
        self.catalog: Catalog = HttpCatalog(client)


def get_resources(request: Request) -> CartResources:
    """Return the process's resources."""
    return cast("CartResources", request.app.state.resources)


async def get_db(request: Request) -> Database:
    """Return the database."""
    return get_resources(request).db


async def get_catalog(request: Request) -> Catalog:
    """Return the catalog."""
    return get_resources(request).catalog


async def get_currency(request: Request) -> str:
    """Return the shop's currency."""
    return get_resources(request).settings.shop_currency


Db = Annotated[Database, Depends(get_db)]
CatalogClient = Annotated[Catalog, Depends(get_catalog)]
Currency = Annotated[str, Depends(get_currency)]
