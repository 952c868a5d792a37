"""The command line behind the Makefile."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from shopsite_local import daemon, testservers
from shopsite_local.layout import ROOT, Instance, make_folders
from shopsite_local.problems import RunnerError
from shopsite_local.servers import server_parts
from shopsite_local.supervisor import Supervisor

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when it did what it says, 1 with a sentence on stderr when it could not."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except RunnerError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shopsite_local", description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / ".local", help="the data folder")
    commands = parser.add_subparsers(required=True)
    servers = commands.add_parser("servers", help="PostgreSQL, RabbitMQ and Redis for tests")
    servers.add_argument("what", choices=("up", "down", "env"))
    servers.set_defaults(command=_servers)
    supervise = commands.add_parser("supervise", help="the daemon itself; started by up")
    supervise.add_argument("--base", type=int, required=True)
    supervise.add_argument("--kind", choices=("shop", "test", "servers"), required=True)
    supervise.set_defaults(command=_supervise)
    return parser


def _servers(options: argparse.Namespace) -> int:
    home = options.home / "test"
    {"up": testservers.up, "down": testservers.down, "env": testservers.show}[options.what](home)
    return 0


def _supervise(options: argparse.Namespace) -> int:
    instance = Instance(home=options.home, base=options.base, kind=options.kind)
    daemon.detach()
    with daemon.only_one(instance.home):
        asyncio.run(Supervisor(instance.home, server_parts(instance), testservers.facts(instance)).run())
    return 0
