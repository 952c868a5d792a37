"""What grows: a hundred times the products, five hundred times a customer's orders."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from shopsite_bench import beside, scripts, seeding
from shopsite_bench.beside import Server
from shopsite_bench.case import Case, Figures, Sides, at_most
from shopsite_bench.load import Target, put_load
from shopsite_bench.scripts import Request
from shopsite_bench.stage import PRODUCTS, Stage
from shopsite_catalog.models import EXTENSIONS
from shopsite_common.provision import provision
from shopsite_common.settings import derived_url
from shopsite_local.problems import RunnerError

MANY_PRODUCTS = 1_000_000
MANY_ORDERS = 10_000
_FEW_ORDERS = 20
_CONNECTIONS = 4  # enough to be served without a queue, so that a percentile tells of a request's own time
_SECONDS = 3
_LAST_PAGE = MANY_ORDERS // 20
# the words, tags and prices that a product shares with few others; NUMBER and PRICE are another each time
_SELECTIVE = (
    "/api/products/?search=lamp+series+NUMBER",
    "/api/products/?search=walnut+NUMBER&ordering=price",
    "/api/products/?description__icontains=desk+number+NUMBER",
    "/api/products/?price=PRICE&is_in_stock=true",
    "/api/products/?price__gte=PRICE&price__lte=PRICE&category=category-7&ordering=-created_at",
    "/api/products/?price=PRICE&tags=lamp&ordering=name",
)


@contextlib.contextmanager
def _catalog(stage: Stage, changes: Mapping[str, str]) -> Iterator[Server]:
    """Another API process of the catalog, with its own part of Redis and answers that are kept for a second."""
    port = beside.free_port()
    env = {**_environment_of(stage.pid("catalog-api")), "PRODUCT_CACHE_SECONDS": "1", "METRICS_PORT": "0", **changes}
    env |= {"PORT": str(port), "REDIS_URL": f"{stage.facts['REDIS_URL'].rpartition('/')[0]}/9"}
    argv = [sys.executable, "-m", "shopsite_catalog", "api"]
    with beside.running(argv, port=port, log=stage.logs / "catalog-beside.log", env=env) as server:
        yield server


def _environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if pair)


def _database_of(stage: Stage, name: str) -> str:
    """Makes a database of its own for the catalog, with the schema of its migrations; returns its owner's URL."""
    owner = urlunsplit(urlsplit(stage.facts["DATABASE_URL"])._replace(path=f"/{name}"))
    stage.query(f"CREATE DATABASE {name}")
    provision(owner, "catalog", derived_url(owner, "catalog"), extensions=EXTENSIONS)
    return owner


@contextlib.contextmanager
def _many_products(stage: Stage) -> Iterator[Sides]:
    """The same questions of a catalog with a million products and of one with ten thousand, without the gateway."""
    owner = _database_of(stage, "million")
    changes = {"DATABASE_URL": owner, "DATABASE_URL_CATALOG": ""}
    _migrate(stage, changes)
    with stage.progress.step(f"{MANY_PRODUCTS:,} products go on sale in a database of their own"):
        seeding.fill_catalog(owner, MANY_PRODUCTS, picture_every=10)
    with _catalog(stage, changes) as many, _catalog(stage, {}) as few:
        yield Sides(partial(_ask, stage, many, MANY_PRODUCTS), partial(_ask, stage, few, PRODUCTS))
    stage.query("DROP DATABASE million WITH (FORCE)")


def _migrate(stage: Stage, changes: Mapping[str, str]) -> None:
    env = {**_environment_of(stage.pid("catalog-api")), **changes}
    done = subprocess.run(
        [sys.executable, "-m", "shopsite_catalog", "migrate"], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RunnerError(f"the catalog does not migrate: {done.stdout[-500:]}")


def _ask(stage: Stage, server: Server, products: int) -> Figures:
    script = scripts.drawing(stage.scratch / f"{products}.lua", _SELECTIVE, most=products)
    target = Target(f"{server.url}/", lambda: [server.pid, stage.pid("postgres")])
    return put_load(target, script=script, connections=_CONNECTIONS, seconds=_SECONDS)


_ORDERS = """
    SET search_path TO orders, public;
    INSERT INTO orders (id, number, customer_id, customer_email, status, total, currency, shipping_address,
                        billing_address, payment_due_at, bought, money, held, shipping_blocked, refund_pending,
                        fully_refunded, refunded, erase_when_final, created_at, updated_at)
    SELECT md5(%(name)s || n)::uuid, 'SO-' || %(name)s || n, %(customer)s, 'ada@example.com', 'COMPLETED', 401, 'NGN',
           '123 Main St, Lagos', '456 Billing Ave, Lagos', now(), true, true, false, false, false, false, 0, false,
           now() - n * interval '1 hour', now()
    FROM generate_series(1, %(count)s) AS n;
    INSERT INTO order_items (order_id, position, cart_line_id, product_id, name, unit_price, quantity, subtotal)
    SELECT md5(%(name)s || n)::uuid, place, gen_random_uuid(), md5('product' || n)::uuid, 'Lamp of series ' || n,
           200.5, 1, 200.5
    FROM generate_series(1, %(count)s) AS n, generate_series(0, 1) AS place;
    INSERT INTO order_history (order_id, at, kind, status, actor, text, details, trace_id, in_history, public)
    SELECT md5(%(name)s || n)::uuid, now() - n * interval '1 hour', 'order_' || lower(status), status, 'system', status,
           '{}', '', true, true
    FROM generate_series(1, %(count)s) AS n, unnest(ARRAY['CREATED', 'PROCESSING', 'SHIPPED', 'COMPLETED']) AS status
"""


@contextlib.contextmanager
def _many_orders(stage: Stage) -> Iterator[Sides]:
    """A customer with ten thousand orders, against one with twenty, whose only page stands against both."""
    many = _customer_with(stage, "collector", MANY_ORDERS)
    few = _customer_with(stage, "newcomer", _FEW_ORDERS)
    stage.query("VACUUM ANALYZE orders.orders")
    yield Sides(partial(_pages, stage, many, _LAST_PAGE), partial(_pages, stage, few, 1))


def _customer_with(stage: Stage, name: str, count: int) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {stage.customer(name)}"}
    customer = stage.get("/api/customer_profile/me/", headers=headers).json()["id"]
    stage.query(_ORDERS, {"name": name, "customer": customer, "count": count})
    return headers


def _pages(stage: Stage, headers: dict[str, str], last: int) -> Figures:
    return {
        f"{name}_{figure}": value
        for name, page in (("first", 1), ("last", last))
        for figure, value in _page(stage, headers, page).items()
        if figure in {"p50_ms", "p95_ms", "cpu_ms", "statements"}
    }


def _page(stage: Stage, headers: dict[str, str], page: int) -> Figures:
    path = f"/api/orders/?page={page}"
    script = scripts.cycling(stage.scratch / "orders.lua", [Request(path, headers=headers)])
    return put_load(stage.target(path), script=script, connections=_CONNECTIONS, seconds=_SECONDS)


CASES = (
    Case(
        "orders-of-a-collector",
        "order list, the first and the last page of 10,000 orders / the one page of 20",
        (at_most(2, "first_p50_ms"), at_most(2, "last_p50_ms")),
        _many_orders,
    ),
    Case(
        "million-products",
        "list with selective filters and search, uncached, of 1,000,000 products / of 10,000",
        (at_most(4, "p95_ms"),),
        _many_products,
    ),
)
