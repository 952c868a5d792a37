"""What no cache can hold: a list with changing filters, and the cart of whoever is signed in."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from shopsite_bench import beside, scripts
from shopsite_bench.beside import Server
from shopsite_bench.case import Case, Sides, at_least
from shopsite_bench.load import put_load
from shopsite_bench.scripts import Request
from shopsite_bench.seeding import product_id
from shopsite_bench.stage import Stage
from shopsite_bench.statements import Sent, sent_by
from shopsite_cart import repository as carts
from shopsite_catalog.domain.listing import read_query
from shopsite_catalog.repository import products

FILTERED = "/api/products/?price__gte=LOW&price__lte=HIGH&ordering=price"
_CUSTOMERS = 8


@contextlib.contextmanager
def _plain_program(stage: Stage, sent: Sent, database: str) -> Iterator[Server]:
    """The plainest program that runs these statements; the query string may put other values in."""
    file = stage.scratch / "statements.json"
    file.write_text(json.dumps([statement for statement, _ in sent]), encoding="utf-8")
    values: Mapping[str, Any] = {name: value for _, values in sent for name, value in values.items()}
    env = {
        "BENCH_STATEMENTS": str(file),
        "BENCH_DATABASE": stage.facts[database],
        "BENCH_VALUES": json.dumps(values, default=str),
    }
    with beside.program("rows", stage.logs, env) as server:
        yield server


@contextlib.contextmanager
def _changing_filters(stage: Stage) -> Iterator[Sides]:
    """Another range of prices each time, against the same two statements with the same kind of values."""
    asked = read_query([("price__gte", "200"), ("price__lte", "260"), ("ordering", "price")])
    sent = sent_by(stage.facts["DATABASE_URL_CATALOG"], lambda session: products.list_products(session, asked))
    low, high = (name for name, value in sent[-1][1].items() if str(value) in {"200", "260"})
    plain = f"/?{low}=LOW&{high}=HIGH"
    ours = scripts.changing(stage.scratch / "ours.lua", FILTERED)
    theirs = scripts.changing(stage.scratch / "theirs.lua", plain)
    with (
        _plain_program(stage, sent, "DATABASE_URL_CATALOG") as back,
        beside.gateway(back, stage.scratch, servers=[stage.pid("postgres")]) as target,
    ):
        yield Sides(partial(put_load, stage.target(FILTERED), script=ours), partial(put_load, target, script=theirs))


@contextlib.contextmanager
def _own_cart(stage: Stage) -> Iterator[Sides]:
    """The carts of eight customers in turns, each with three lines."""
    customers = [stage.customer(f"reader-{number}") for number in range(_CUSTOMERS)]
    ids = [_fill_cart(stage, token) for token in customers]
    database = stage.facts["DATABASE_URL_CART"]
    sent = sent_by(database, lambda session: carts.find_cart(session, customer_id=UUID(ids[0])))
    signed = [{"Authorization": f"Bearer {token}"} for token in customers]
    ours = scripts.cycling(stage.scratch / "ours.lua", [Request("/api/cart/me/", headers=each) for each in signed])
    theirs = scripts.cycling(
        stage.scratch / "theirs.lua",
        [Request(f"/?customer_id={one}", headers=each) for one, each in zip(ids, signed, strict=True)],
    )
    with (
        _plain_program(stage, sent, "DATABASE_URL_CART") as back,
        beside.program("admitting", stage.logs) as auth,
        beside.gateway(back, stage.scratch, auth=auth, servers=[stage.pid("postgres")]) as target,
    ):
        yield Sides(
            partial(put_load, stage.target("/api/cart/me/"), script=ours), partial(put_load, target, script=theirs)
        )


def _fill_cart(stage: Stage, token: str) -> str:
    """Puts three products in, and returns the customer's id."""
    headers = {"Authorization": f"Bearer {token}"}
    for number in (1, 2, 3):
        stage.post("/api/cart-items/", {"product": product_id(stage, number), "quantity": 2}, headers=headers)
    return str(stage.get("/api/customer_profile/me/", headers=headers).json()["id"])


CASES = (
    Case(
        "list-changing-filters",
        "list with changing filters, never cached / Traefik before the plainest program with the same SQL",
        (at_least(0.60),),
        _changing_filters,
    ),
    Case(
        "cart-signed-in",
        "GET /api/cart/me/, signed in / Traefik, ForwardAuth (raw ASGI) before the plainest such program",
        (at_least(0.60),),
        _own_cart,
    ),
)
