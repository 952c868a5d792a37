"""Dead letters on the command line, straight from the tables: neither portal nor broker has to be up.

``python -m shopsite_orders dead-letters …`` for one service; ``make dead-letters`` for all of them. A replay is marked
here and sent by the worker. What is done is recorded as the deed of :data:`shopsite_common.audit.OPERATOR`.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import Any
from uuid import UUID

from shopsite_common.audit import OPERATOR
from shopsite_common.db import Database
from shopsite_common.dead_letters import service
from shopsite_common.dead_letters.errors import LetterNotFound
from shopsite_common.dead_letters.schemas import DeadLetterOut
from shopsite_common.errors import ShopError
from shopsite_common.pagination import PageRequest
from shopsite_common.settings import driver_url

Databases = Mapping[str, Database]
_SHOWN = 50


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the commands, whose ``act`` takes the services' databases and the arguments."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="one line a letter, newest first")
    listing.add_argument("--queue", help="only those of one queue, e.g. orders.on_payment_succeeded")
    listing.add_argument("--limit", type=int, default=_SHOWN, metavar="N", help="at most so many of a service")
    listing.set_defaults(act=list_letters)
    show = commands.add_parser("show", help="one letter as JSON, personal data masked")
    show.add_argument("id", type=UUID)
    show.set_defaults(act=show_letter)
    replay = commands.add_parser("replay", help="send letters back to the queue that they came from")
    which = replay.add_mutually_exclusive_group(required=True)
    which.add_argument("id", type=UUID, nargs="?")
    which.add_argument("--queue", help="those of one queue")
    which.add_argument("--all", action="store_true", help="all of them")
    replay.set_defaults(act=replay_letters)
    drop = commands.add_parser("drop", help="delete one letter for good")
    drop.add_argument("id", type=UUID)
    drop.set_defaults(act=drop_letter)


def run(urls: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Run the command on the databases of these services, by name; 1 with a sentence if it could not be done."""
    act: Callable[[Databases, argparse.Namespace], None] = arguments.act
    with ExitStack() as stack:
        databases = {
            name: stack.enter_context(closing(Database(driver_url(url), places=1))) for name, url in urls.items()
        }
        try:
            act(databases, arguments)
        except ShopError as error:
            sys.stderr.write(f"{error.message}\n")
            return 1
    return 0


def list_letters(databases: Databases, arguments: argparse.Namespace) -> None:
    """Print one line a letter."""
    paging = PageRequest(1, arguments.limit)
    found = [db.run_here(service.list_letters, queue=arguments.queue, paging=paging) for db in databases.values()]
    rows = [row for _, part in found for row in part]
    for row in sorted(rows, key=lambda row: (row.died_at, row.id), reverse=True):
        state = "waiting" if row.replay_at is None else "replaying"
        died_at = f"{row.died_at:%Y-%m-%dT%H:%M:%SZ}"
        _print(f"{row.id} {died_at} {state} {row.queue} {row.event or '-'} attempts={row.attempts} {row.reason}")
    total = sum(count for count, _ in found)
    _print(f"{len(rows)} of {total} dead letters" if rows else "no dead letters")


def show_letter(databases: Databases, arguments: argparse.Namespace) -> None:
    """Print a letter."""
    _, row = _where_it_is(databases, service.get_letter, letter_id=arguments.id)
    _print(DeadLetterOut.of(row).model_dump_json(indent=2))


def replay_letters(databases: Databases, arguments: argparse.Namespace) -> None:
    """Mark letters to go back."""
    if arguments.id:
        name, _ = _where_it_is(databases, service.replay_letter, letter_id=arguments.id, actor_id=OPERATOR)
        _print(f"1 letter goes back; the worker of {name} sends it")
        return
    counts = [
        db.run_here(service.replay_letters, queue=arguments.queue, actor_id=OPERATOR, service=name)
        for name, db in databases.items()
    ]
    _print(f"{sum(counts)} letters go back; the workers send them")


def drop_letter(databases: Databases, arguments: argparse.Namespace) -> None:
    """Delete a letter."""
    _where_it_is(databases, service.drop_letter, letter_id=arguments.id, actor_id=OPERATOR)
    _print("dropped")


def _where_it_is(databases: Databases, use_case: Callable[..., Any], **arguments: Any) -> tuple[str, Any]:
    """Run a use case where the letter is; return the service's name and what it returned.

    Raises:
        LetterNotFound: no service has it.
    """
    for name, db in databases.items():
        try:
            return name, db.run_here(use_case, **arguments)
        except LetterNotFound:
            continue
    raise LetterNotFound


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
