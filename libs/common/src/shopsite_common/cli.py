"""The command line of every service: ``python -m shopsite_orders api|worker|migrate|manage|dead-letters|openapi``."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import orjson

from shopsite_common import logs, serving, topology
from shopsite_common.app import version_of
from shopsite_common.broker import connect
from shopsite_common.dead_letters import commands as dead_letters
from shopsite_common.migrations import await_current, migrations_dir, upgrade
from shopsite_common.provision import provision
from shopsite_common.settings import ServiceSettings

Command = Callable[[argparse.Namespace], int]
_GRACE_SECONDS = 20
_BROKER_WAIT_SECONDS = 60.0
_SCHEMA_WAIT_SECONDS = 600.0


def run_service(package: str, argv: Sequence[str] | None = None) -> int:
    """Run one command of a service and return the exit status.

    A service's package has: ``settings.Settings``, ``main.create()``, ``worker.create()``, ``models.METADATA``,
    ``consumers.HANDLERS``, and ``manage.configure(subparsers)`` for its own commands.
    """
    arguments = _parser(package).parse_args(argv)
    run: Command = arguments.run
    return run(arguments)


def _parser(package: str) -> argparse.ArgumentParser:
    service = package.removeprefix("shopsite_")
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=f"ShopSite's {service} service")
    parser.add_argument("--version", action="version", version=version_of(service))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("api", help="serve the HTTP API").set_defaults(run=lambda _: serve(package, "main", "api"))
    commands.add_parser("worker", help="run consumers, outbox relay and timers").set_defaults(
        run=lambda _: serve(package, "worker", "worker")
    )
    migrating = commands.add_parser("migrate", help="bring the schema and the broker's queues up to date")
    migrating.add_argument("--wait", action="store_true", help="only wait until another process has done it")
    migrating.set_defaults(run=lambda found: await_migration(package) if found.wait else migrate(package))
    commands.add_parser("openapi", help="print the OpenAPI document").set_defaults(run=lambda _: print_openapi(package))
    letters = commands.add_parser("dead-letters", help="list, show, replay and drop what no handler could take")
    dead_letters.configure(letters)
    letters.set_defaults(run=lambda arguments: tend_dead_letters(package, arguments))
    manage = commands.add_parser("manage", help="commands for operators")
    import_module(f"{package}.manage").configure(manage.add_subparsers(required=True, metavar="COMMAND"))
    return parser


def load_settings(package: str, role: str) -> ServiceSettings:
    """Read the settings of a service's process and send its logs to standard output."""
    kind: type[ServiceSettings] = import_module(f"{package}.settings").Settings
    return serving.read_settings(kind, service=kind.service, role=role)


def serve(package: str, module: str, role: str) -> int:
    """Run the API or the worker until SIGTERM."""
    settings = load_settings(package, role)
    target, process = f"{package}.{module}:create", f"{settings.service}-{role}"
    return serving.serve(target, settings, process=process, grace_seconds=_GRACE_SECONDS, factory=True)


def migrate(package: str) -> int:
    """Make role and schema where the owner's URL is known, run the revisions, declare exchange and queues."""
    settings = load_settings(package, "migrate")
    models = import_module(f"{package}.models")
    if settings.database_url:
        extensions: Sequence[str] = getattr(models, "EXTENSIONS", ())
        provision(settings.database_url, settings.service, settings.service_database_url, extensions=extensions)
    upgrade(settings.service_database_url, migrations_dir(package), models.METADATA)
    asyncio.run(_declare(settings, import_module(f"{package}.consumers").HANDLERS))
    logs.get_logger(__name__).info("migrated")
    return 0


def await_migration(package: str) -> int:
    """Wait until the schema is as new as this code, for what must not start before; 1 if it never is."""
    settings = load_settings(package, "migrate")
    current = await_current(settings.service_database_url, migrations_dir(package), seconds=_SCHEMA_WAIT_SECONDS)
    return 0 if current else 1


async def _declare(settings: ServiceSettings, handlers: Sequence[Any]) -> None:
    broker = await connect(settings.amqp_url, name=f"{settings.service}-migrate", give_up_after=_BROKER_WAIT_SECONDS)
    async with broker:
        await topology.declare(await broker.channel(), handlers)


def tend_dead_letters(package: str, arguments: argparse.Namespace) -> int:
    """Do what an operator wants with the service's dead letters."""
    settings = load_settings(package, "dead-letters")
    return dead_letters.run({settings.service: settings.service_database_url}, arguments)


def print_openapi(package: str) -> int:
    """Print the OpenAPI document; no server is asked for anything."""
    document = import_module(f"{package}.main").create().openapi()
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    return 0
