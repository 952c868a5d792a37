"""Commands for operators of the cart service."""

import argparse
import asyncio
import sys
from typing import Any

from shopsite_cart import service
from shopsite_cart.deps import CartResources
from shopsite_cart.errors import ProductNotFound
from shopsite_cart.settings import Settings
from shopsite_common.cli import load_settings
from shopsite_common.errors import Unavailable


def configure(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this service's commands."""
    rebuild = commands.add_parser(
        "rebuild-products", help="ask the catalog about every product that lies in a cart, and keep its answer"
    )
    rebuild.set_defaults(run=rebuild_products)


def rebuild_products(_arguments: argparse.Namespace) -> int:
    """Renew the copy of every product that lies in a cart; return the exit status."""
    load_settings("shopsite_cart", "manage")
    return asyncio.run(_rebuild(CartResources(Settings())))


async def _rebuild(resources: CartResources) -> int:
    try:
        products = await resources.db.run(service.list_products_in_carts)
        gone = 0
        for product_id in products:
            try:
                product = await resources.catalog.get_product(product_id)
            except ProductNotFound:
                await resources.db.run(service.keep_deletion, product_id=product_id)
                gone += 1
            else:
                await resources.db.run(service.keep_product, product=service.ProductState(**product.model_dump()))
        sys.stdout.write(f"{len(products)} products renewed, {gone} of them no longer sold\n")
    except Unavailable as error:
        sys.stderr.write(f"{error.message} What was renewed by then is kept; run it again.\n")
        return 1
    finally:
        await resources.close()
    return 0
