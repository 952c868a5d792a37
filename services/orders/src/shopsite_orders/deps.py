"""What the processes of orders hold open, and how endpoints reach it."""

from typing import Annotated, Any, cast

from fastapi import Depends, Request

from shopsite_common.db import Database
from shopsite_common.resources import Resources
from shopsite_orders.clients import Carts, Catalog, HttpCarts, HttpCatalog, HttpPayments, Payments
from shopsite_orders.settings import Settings


class OrdersResources(Resources):
    """The common resources, and the services that orders asks."""

    settings: Settings

    def __init__(self, settings: Settings, **given: Any) -> None:
        super().__init__(settings, **given)
        self.carts: Carts = HttpCarts(self.client("cart"))
        self.catalog: Catalog = HttpCatalog(self.client("catalog", timeout=settings.checkout_catalog_timeout_seconds))
        self.payments: Payments = HttpPayments(self.client("payments"))


async def get_resources(request: Request) -> OrdersResources:
    """Return what the process holds open."""
    return cast("OrdersResources", request.app.state.resources)


async def get_db(request: Request) -> Database:
    """Return the database."""
    return (await get_resources(request)).db


Own = Annotated[OrdersResources, Depends(get_resources)]
Db = Annotated[Database, Depends(get_db)]
