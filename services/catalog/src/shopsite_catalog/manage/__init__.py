"""Commands for operators."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from uuid import UUID

from shopsite_catalog.manage.seeding import draw, seed
from shopsite_catalog.service import products, stock
from shopsite_catalog.settings import Settings
from shopsite_common.db import Database

_BATCH = 20


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add catalog's commands."""
    known: tuple[tuple[str, str, Callable[[Settings], int]], ...] = (
        ("seed-products", "put the sample catalog on sale if there never was a product", seed_products),
        ("draw-pictures", "draw a picture for each product that has none", draw_pictures),
        ("republish-products", "tell the state of every product anew, for copies that are rebuilt", republish_products),
        ("recount-stock", "compare each product's stock with its ledger", recount_stock),
    )
    for name, help_text, run in known:
        commands.add_parser(name, help=help_text).set_defaults(run=_with_settings(run))


def _with_settings(run: Callable[[Settings], int]) -> Callable[[argparse.Namespace], int]:
    return lambda _: run(Settings())


def seed_products(settings: Settings) -> int:
    """Load the sample catalog with its pictures."""
    return asyncio.run(seed(settings))


def draw_pictures(settings: Settings) -> int:
    """Draw and store a picture for each product that has none: what a seeding without Cloudinary left out."""
    return asyncio.run(draw(settings))


def republish_products(settings: Settings) -> int:
    """Emit ``ProductUpdated`` for every product on sale, in short transactions."""
    db = Database(settings.service_database_url, places=1)
    last: UUID | None = None
    more, total = True, 0
    while more:
        last, told = db.run_here(products.republish_products, after=last, limit=_BATCH, currency=settings.shop_currency)
        more, total = last is not None, total + told
    db.close()
    sys.stdout.write(f"{total} products republished\n")
    return 0


def recount_stock(settings: Settings) -> int:
    """Print the products whose stock is not what their ledger adds up to; 1 if there are any."""
    db = Database(settings.service_database_url, places=1)
    wrong = db.run_here(stock.recount_stock)
    db.close()
    for row in wrong:
        sys.stdout.write(f"{row.id} {row.name}: stock {row.stock}, ledger {row.ledger}\n")
    sys.stdout.write(f"{len(wrong)} products differ from their ledger\n")
    return 1 if wrong else 0
