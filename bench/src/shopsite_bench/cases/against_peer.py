"""The shop against django-oscar with its API: the same flow, the same products, the same machine.

Where the two differ, the peer has the easier task: no gateway before it, no quotas, its lists tell no prices, an order
of its sends no mail.
"""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import psycopg2

from shopsite_bench import consequences, peer, scripts
from shopsite_bench.callers import Caller
from shopsite_bench.case import Case, Figures, Sides, at_least
from shopsite_bench.cases.reading import LIST
from shopsite_bench.load import put_load
from shopsite_bench.processes import cpu_seconds
from shopsite_bench.scripts import Request
from shopsite_bench.seeding import product_id
from shopsite_bench.stage import Stage

_PRODUCT = 4711
_LINES = 3  # products that carts are filled with: a line holds 999 pieces at most
_SECONDS = 4.0
_LOOK_SECONDS = 0.002
_ADDRESS = "123 Main St, Lagos"
_PEER_ADDRESS = {
    "first_name": "Ada",
    "last_name": "Obi",
    "line1": "123 Main St",
    "line4": "Lagos",
    "postcode": "100001",
}


@contextlib.contextmanager
def _reading(stage: Stage, ours: Callable[[Stage], str], theirs: str) -> Iterator[Sides]:
    """One address of each."""
    oscar = stage.once(peer.running)
    yield Sides(partial(put_load, stage.target(ours(stage))), partial(put_load, oscar.target(theirs)))


@contextlib.contextmanager
def _adding(stage: Stage) -> Iterator[Sides]:
    """A piece of one of three products into the cart of one of sixteen customers, in turns."""
    oscar = stage.once(peer.running)
    ours = [
        Request("/api/cart-items/", "POST", customer, {"product": product_id(stage, number), "quantity": 1})
        for number in range(1, _LINES + 1)
        for customer in _signed_in(stage)
    ]
    theirs = [
        Request("/api/basket/add-product/", "POST", customer, _peer_line(oscar, number, quantity=1))
        for number in range(1, _LINES + 1)
        for customer in oscar.signed_in
    ]
    our_script = scripts.cycling(stage.scratch / "ours.lua", ours)
    their_script = scripts.cycling(stage.scratch / "theirs.lua", theirs)
    yield Sides(
        partial(put_load, stage.target("/api/cart-items/"), script=our_script),
        partial(put_load, oscar.target("/basket/add-product/"), script=their_script),
    )
    stage.query("DELETE FROM cart.cart_items")


def _signed_in(stage: Stage) -> list[dict[str, str]]:
    return [{"Authorization": f"Bearer {stage.customer(f'buyer-{number}')}"} for number in range(peer.CUSTOMERS)]


def _peer_line(oscar: peer.Peer, number: int, quantity: int) -> dict[str, Any]:
    return {"url": f"{oscar.url}/api/products/{number}/", "quantity": quantity}


@dataclass(frozen=True)
class Buyer(Caller):
    """A customer of the shop, who sees by a look into the table when the cart is empty again."""

    cart: str
    database: Any

    def await_empty_cart(self) -> None:
        """Returns when nothing is left in the cart of what was ordered."""
        with self.database.cursor() as cursor:
            while True:
                cursor.execute("SELECT 1 FROM cart.cart_items WHERE cart_id = %s", (self.cart,))
                if cursor.fetchone() is None:
                    return
                time.sleep(_LOOK_SECONDS)


AnyCaller = TypeVar("AnyCaller", bound=Caller)


def _order_here(buyer: Buyer, connection: http.client.HTTPConnection, product: str) -> None:
    """The next order of a customer begins when the cart is empty again: a line is ordered once."""
    buyer.post(connection, "/api/cart-items/", {"product": product, "quantity": 2})
    addresses = {"shipping_address": _ADDRESS, "billing_address": _ADDRESS}
    buyer.post(connection, "/api/checkout/", addresses)
    buyer.await_empty_cart()


def _order_there(caller: Caller, connection: http.client.HTTPConnection, oscar: peer.Peer) -> None:
    basket = caller.post(connection, "/api/basket/add-product/", _peer_line(oscar, _PRODUCT, quantity=2))
    address = {**_PEER_ADDRESS, "country": f"{oscar.url}/api/countries/NG/"}
    caller.post(connection, "/api/checkout/", {"basket": basket["url"], "shipping_address": address})


@contextlib.contextmanager
def _ordering(stage: Stage) -> Iterator[Sides]:
    """Each customer orders again and again: two pieces into the cart, checkout; then all consequences are awaited."""
    oscar = stage.once(peer.running)
    product = product_id(stage, _PRODUCT)
    ours = [stage.lasting.enter_context(_buyer(stage, headers)) for headers in _signed_in(stage)]
    theirs = [Caller(oscar.url, headers) for headers in oscar.signed_in]
    settled = consequences.left_to_do(stage)
    yield Sides(
        partial(
            _order_on,
            ours,
            partial(_order_here, product=product),
            stage.pids,
            partial(consequences.await_all, stage, settled),
        ),
        partial(_order_on, theirs, partial(_order_there, oscar=oscar), lambda: oscar.pids, lambda: None),
    )


@contextlib.contextmanager
def _buyer(stage: Stage, headers: dict[str, str]) -> Iterator[Buyer]:
    cart = stage.get("/api/cart/me/", headers=headers).json()["id"]
    with contextlib.closing(psycopg2.connect(stage.facts["DATABASE_URL"])) as database:
        database.autocommit = True
        yield Buyer(stage.url, headers, cart, database)


def _order_on(
    callers: Sequence[AnyCaller],
    order: Callable[[AnyCaller, http.client.HTTPConnection], None],
    pids: Callable[[], Sequence[int]],
    finish: Callable[[], None],
) -> Figures:
    """All callers order for some seconds.

    Returns:
        `rate`: orders a second until every consequence is done; `accepted_rate`: until the last answer;
        `consequences_s`: from the last answer until all is done; `p50_ms`, `p95_ms`, `p99_ms` of an order's requests
        together; `cpu_ms` an order.
    """
    cpu, began = cpu_seconds(pids()), time.monotonic()
    with ThreadPoolExecutor(len(callers)) as threads:
        taken = [each for one in threads.map(partial(_order_for, order, began + _SECONDS), callers) for each in one]
    answered = time.monotonic()
    finish()
    done = time.monotonic()
    cpu = cpu_seconds(pids()) - cpu
    taken.sort()
    return {
        "rate": len(taken) / (done - began),
        "accepted_rate": len(taken) / (answered - began),
        "consequences_s": done - answered,
        **{f"p{share}_ms": 1000 * taken[len(taken) * share // 100] for share in (50, 95, 99)},
        "cpu_ms": 1000 * cpu / len(taken),
    }


def _order_for(
    order: Callable[[AnyCaller, http.client.HTTPConnection], None], until: float, caller: AnyCaller
) -> list[float]:
    """One customer's orders, each in seconds."""
    taken = []
    with contextlib.closing(caller.connect()) as connection:
        while (began := time.monotonic()) < until:
            order(caller, connection)
            taken.append(time.monotonic() - began)
    return taken


CASES = (
    Case(
        "peer-list",
        "list of 20 / django-oscar, its list (without prices)",
        (at_least(10),),
        partial(_reading, ours=lambda _: LIST, theirs="/products/"),
    ),
    Case(
        "peer-detail",
        "detail / django-oscar",
        (at_least(15),),
        partial(_reading, ours=lambda stage: f"{LIST}{product_id(stage, _PRODUCT)}/", theirs=f"/products/{_PRODUCT}/"),
    ),
    Case("peer-add-to-cart", "add to cart, signed in / django-oscar", (at_least(10),), _adding),
    Case(
        "peer-orders",
        "orders a second, add to cart and checkout, all consequences done / django-oscar",
        (at_least(12),),
        _ordering,
        rounds=2,
    ),
)
