"""Commands for operators of the orders service."""

import argparse
import sys
from typing import Any
from uuid import UUID

from shopsite_common.cli import load_settings
from shopsite_common.db import Database
from shopsite_orders.errors import OrderNotFound
from shopsite_orders.service import reading, steps


def configure(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add this service's commands."""
    release = commands.add_parser("release-order", help="let an order be shipped again after a dispute was settled")
    release.add_argument("order_id", type=UUID)
    release.set_defaults(run=release_order)
    story = commands.add_parser("story", help="print an order's timeline with trace ids")
    story.add_argument("order_id", type=UUID)
    story.set_defaults(run=print_story)


def release_order(arguments: argparse.Namespace) -> int:
    """Lift the block on shipping; return the exit status."""
    database = _database()
    try:
        database.run_here(steps.release_order, order_id=arguments.order_id)
    except OrderNotFound as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    finally:
        database.close()
    return 0


def print_story(arguments: argparse.Namespace) -> int:
    """Print what happened around an order, a line each; return the exit status."""
    database = _database()
    try:
        rows = database.run_here(reading.get_timeline, order_id=arguments.order_id, customer_id=None)
    except OrderNotFound as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    finally:
        database.close()
    for row in rows:
        sys.stdout.write(f"{row.at:%Y-%m-%d %H:%M:%S}  {row.actor:<13} {row.kind:<18} {row.text}  [{row.trace_id}]\n")
    return 0


def _database() -> Database:
    return Database(load_settings("shopsite_orders", "manage").service_database_url, places=1)
