"""`make servers`: PostgreSQL, RabbitMQ and Redis for tests, beside the shop, on free ports, without fsync."""

import json
import sys
import time
from pathlib import Path

from shopsite_common.service_keys import write_private
from shopsite_local import control, daemon, marks, packages, ports, servers, shop
from shopsite_local.keys import locked
from shopsite_local.layout import SERVER_OFFSETS, Instance, digest_of, make_folders, run_of
from shopsite_local.problems import RunnerError
from shopsite_local.progress import Progress

READY_SECONDS = 90.0


def up(home: Path) -> None:
    """`make servers`: starts them unless they run, and prints the addresses."""
    start(home)
    show(home)


def start(home: Path) -> dict[str, str]:
    """Starts them unless they run, waits until they are ready; returns the addresses. Safe to call side by side."""
    make_folders(home)
    with locked(run_of(home) / "up.lock"):
        if not control.is_running(home):
            packages.ensure(home, Progress(sys.stderr))
            marks.clear_leftovers(home)
            daemon.spawn(_instance(home))
        _wait(home)
    known: dict[str, str] = control.ask(home, "facts")["facts"]
    return known


def down(home: Path) -> None:
    """Stops them; harmless when they are down."""
    shop.down(home)


def show(home: Path) -> None:
    """Prints the addresses as KEY=VALUE lines."""
    for name, value in control.ask(home, "facts")["facts"].items():
        print(f"{name}={value}")


def facts(instance: Instance) -> dict[str, str]:
    """What tests need to know."""
    where = servers.addresses(instance)
    return {
        "SHOPSITE_TEST_DATABASE_URL": where.database,
        "SHOPSITE_TEST_AMQP_URL": where.amqp,
        "SHOPSITE_TEST_REDIS_URL": where.redis,
    }


def _instance(home: Path) -> Instance:
    """The same ports as last time where they are still free."""
    note = run_of(home) / "base.json"
    preferred = (
        json.loads(note.read_text(encoding="utf-8")) if note.exists() else 10000 + int(digest_of(home), 16) % 200 * 100
    )
    servers.end_epmd(Instance(home=home, base=preferred, kind="servers"))
    base = ports.free_base(dict(SERVER_OFFSETS), preferred)
    write_private(note, json.dumps(base).encode())
    return Instance(home=home, base=base, kind="servers")


def _wait(home: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while late := [part for part in control.ask(home, "status")["parts"] if not part["ready"]]:
        if time.monotonic() > deadline:
            names = ", ".join(f"{part['name']} ({part['note']})" for part in late)
            raise RunnerError(f"Not ready after {READY_SECONDS:.0f} s: {names}", f"Logs: {home / 'logs'}")
        time.sleep(0.1)
