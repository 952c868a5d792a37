"""Checkouts: how many a second, and how soon the others hear of one."""

import contextlib
import random
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import count
from pathlib import Path

import psycopg2

from shopsite_bench import consequences
from shopsite_bench.callers import Caller
from shopsite_bench.case import Case, Figures, Sides, at_least, over, within
from shopsite_bench.stage import PRODUCTS, Stage, Table
from shopsite_local import binaries
from shopsite_local.problems import RunnerError

GoOn = Callable[[], bool]

COSTS = "What a checkout costs each part, all that follows from it included"
COSTS_COLUMNS = ("part", "CPU ms a checkout", "checkouts a second on one core of it")
_CUSTOMERS = 16
_SECONDS = 4.0
_PACE = 50.0  # orders a second
_PACED_SECONDS = 8.0
_ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}
_FILL = """
    SELECT 1 FROM cart.carts WHERE id = %(cart)s FOR UPDATE;
    DELETE FROM cart.cart_items WHERE cart_id = %(cart)s;
    INSERT INTO cart.cart_items (id, cart_id, product_id, quantity, added_at)
    SELECT gen_random_uuid(), %(cart)s, md5('product' || n)::uuid, 1, now() FROM unnest(%(products)s) AS n
"""
_HEARD = """
    SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
        ORDER BY extract(epoch FROM i.handled_at - o.created_at) * 1000)
    FROM orders.outbox o
    JOIN (SELECT event_id, handled_at FROM cart.inbox UNION ALL SELECT event_id, handled_at FROM catalog.inbox
          UNION ALL SELECT event_id, handled_at FROM notifications.inbox) i USING (event_id)
    WHERE o.type = 'OrderCreated.v1' AND o.created_at > %s
"""


@dataclass(frozen=True)
class Customer:
    """Somebody with a cart."""

    caller: Caller
    cart: str

    def order_while(self, database: str, go_on: Callable[[], bool]) -> list[float | None]:
        """Orders two products again and again, and returns what each checkout took, in seconds; None: it was refused.

        The cart is filled by SQL, so that it is the checkout that is measured.
        """
        taken: list[float | None] = []
        with (
            contextlib.closing(psycopg2.connect(database)) as filling,
            contextlib.closing(self.caller.connect()) as connection,
        ):
            filling.autocommit = True
            while go_on():
                products = random.sample(range(1, PRODUCTS + 1), 2)
                filling.cursor().execute(_FILL, {"cart": self.cart, "products": products})
                began = time.monotonic()
                try:
                    self.caller.post(connection, "/api/checkout/", _ADDRESSES)
                    taken.append(time.monotonic() - began)
                except RunnerError:
                    taken.append(None)
        return taken


def _customers(stage: Stage) -> list[Customer]:
    found = []
    for number in range(_CUSTOMERS):
        headers = {"Authorization": f"Bearer {stage.customer(f'orderer-{number}')}"}
        cart = stage.get("/api/cart/me/", headers=headers).json()["id"]
        found.append(Customer(Caller(stage.url, headers), cart))
    return found


def _order(stage: Stage, customers: Sequence[Customer], begin: Callable[[], GoOn]) -> Figures:
    """All customers order at the same time; everything that follows is awaited, and does not count.

    Args:
        begin: is called at the start, and returns what tells whether another order is due.
    """
    settled = consequences.left_to_do(stage)
    before, statements, began = stage.cpu(), stage.statements(), time.monotonic()
    go_on = begin()
    with ThreadPoolExecutor(len(customers)) as threads:
        each = threads.map(lambda one: one.order_while(stage.facts["DATABASE_URL"], go_on), customers)
        answers = [seconds for one in each for seconds in one]
    taken = sorted(seconds for seconds in answers if seconds is not None)
    if not taken:
        raise RunnerError("No checkout succeeded.")
    rate = len(taken) / (time.monotonic() - began)
    consequences.await_all(stage, settled)
    statements = stage.statements() - statements
    cpu = {name: 1000 * (seconds - before[name]) / len(taken) for name, seconds in stage.cpu().items()}
    stage.tables[COSTS] = Table(COSTS_COLUMNS, [(name, each, 1000 / each) for name, each in cpu.items() if each])
    return {
        "rate": rate,
        **{f"p{share}_ms": 1000 * taken[len(taken) * share // 100] for share in (50, 95, 99)},
        "refused": 1 - len(taken) / len(answers),
        "cpu_ms": sum(cpu.values()),
        "statements": statements / len(taken),
    }


def _at_will() -> GoOn:
    until = time.monotonic() + _SECONDS
    return lambda: time.monotonic() < until


def _in_step() -> GoOn:
    """Each order at its own moment, fifty a second."""
    began, number, last = time.monotonic(), count(), int(_PACE * _PACED_SECONDS)

    def go_on() -> bool:
        turn = next(number)
        if turn < last:
            time.sleep(max(0.0, began + turn / _PACE - time.monotonic()))
        return turn < last

    return go_on


def _hear(stage: Stage, customers: Sequence[Customer]) -> Figures:
    """The times are those from the event's row to its row in each inbox, by one clock."""
    [[since]] = stage.query("SELECT clock_timestamp()")
    figures = _order(stage, customers, _in_step)
    [[(p50, p95, p99)]] = stage.query(_HEARD, (since,))
    return {**figures, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


def _write_only(stage: Stage, script: Path) -> Figures:
    """Only the writes, by PostgreSQL's own load generator."""
    postgres = binaries.find_postgres()
    if postgres is None:
        raise RunnerError("There is no PostgreSQL here.")
    argv = [str(postgres.with_name("pgbench")), "-n", f"-c{_CUSTOMERS}", "-j2", f"-T{_SECONDS:.0f}", "-f", str(script)]
    done = subprocess.run([*argv, stage.facts["DATABASE_URL"]], capture_output=True, text=True, check=False)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RunnerError(f"pgbench failed: {done.stderr or done.stdout}")
    return {"rate": float(found[1])}


@contextlib.contextmanager
def _against_writes(stage: Stage) -> Iterator[Sides]:
    folder = files("shopsite_bench").joinpath("references")
    stage.query(folder.joinpath("checkout_tables.sql").read_text(encoding="utf-8"))
    script = stage.scratch / "checkout.sql"
    script.write_text(folder.joinpath("checkout.sql").read_text(encoding="utf-8"), encoding="utf-8")
    customers = _customers(stage)
    yield Sides(partial(_order, stage, customers, _at_will), partial(_write_only, stage, script))
    stage.query("DROP SCHEMA bench_catalog CASCADE; DROP SCHEMA bench_orders CASCADE")


@contextlib.contextmanager
def _hearing(stage: Stage) -> Iterator[Sides]:
    yield Sides(partial(_hear, stage, _customers(stage)))


CASES = (
    Case(
        "checkouts",
        "checkouts a second, 2 items, 16 customers / pgbench with the same writes, 16 clients",
        (at_least(0.08),),
        _against_writes,
    ),
    Case(
        "commit-to-consumed",
        "from an event's row in the outbox to its row in each inbox, at 50 orders a second / 10 ms, 99 of 100 in 50 ms",
        (within(10, "p50_ms"), within(50, "p99_ms"), over(0.95 * _PACE, "rate")),
        _hearing,
        rounds=2,
    ),
)
