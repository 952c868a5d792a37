"""Commands for operators."""

import argparse
import sys
from collections.abc import Callable
from uuid import UUID

from shopsite_catalog.service import products, stock
from shopsite_catalog.settings import Settings
from shopsite_common.db import Database

_BATCH = 20


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add catalog's commands."""
    _add(commands, "republish-products", "tell the state of every product anew, for copies that are rebuilt", republish)
    _add(commands, "recount-stock", "compare each product's stock with its ledger", recount)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_text: str,
    run: Callable[[Settings], int],
) -> None:
    commands.add_parser(name, help=help_text).set_defaults(run=lambda _: run(Settings()))


def republish(settings: Settings) -> int:
    """Emit ``ProductUpdated`` for every product on sale, in short transactions."""
    db = Database(settings.service_database_url, places=1)
    last: UUID | None = None
    while (
        last := db.run_here(products.republish_products, after=last, limit=_BATCH, currency=settings.shop_currency)
    ) is not None:
        continue
    db.close()
    return 0


def recount(settings: Settings) -> int:
    """Print the products whose stock is not what their ledger adds up to; 1 if there are any."""
    db = Database(settings.service_database_url, places=1)
    wrong = db.run_here(stock.recount_stock)
    for row in wrong:
        sys.stdout.write(f"{row.id} {row.name}: stock {row.stock}, ledger {row.ledger}\n")
    sys.stdout.write(f"{len(wrong)} products differ from their ledger\n")
    db.close()
    return 1 if wrong else 0
