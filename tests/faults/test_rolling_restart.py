"""Every process is restarted, one after the other, while customers shop: nobody loses anything.

There is one of each here, so while a process starts its address answers 502, before a request has reached anybody.
A patient client asks again, and under its key nothing is done twice. With two of each nobody sees the restart at all:
`gateway/tests/test_restarts.py`.
"""

import asyncio
import collections
from collections.abc import AsyncGenerator
from operator import gt

import httpx
import pytest

from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
APIS, WORKERS = [f"{name}-api" for name in SERVICES], [f"{name}-worker" for name in SERVICES]
EVERYTHING = [*WORKERS, *APIS, "authz", "portal", "traefik"]
SOME = ["orders-worker", "notifications-worker", "orders-api", "cart-api", "authz"]
BUYERS = 4
_WHILE_AWAY = {502, 503, "ConnectError"}  # the last while Traefik itself starts


class Witness(httpx.AsyncBaseTransport):
    """Notes every answer that a patient client meets before the one it wants."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.met: collections.Counter[int | str] = collections.Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = await self._inner.handle_async_request(request)
        except httpx.TransportError as error:
            self.met[type(error).__name__] += 1
            raise
        self.met[answer.status_code] += 1
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


async def shop_until(stopped: asyncio.Event, buyer, product, bought: list[tuple[dict, str]]) -> None:
    """Buy and pay, again and again; note the orders with the references of their payments."""
    while not stopped.is_set():
        order = await buyer.buy(product["id"])
        bought.append((order, await buyer.pay(order["id"])))
        await eventually(lambda: cart_is_empty(buyer), within=60, every=0.1)


async def cart_is_empty(buyer) -> bool:
    return (await buyer.get("/api/cart/me/"))["items"] == []


@pytest.fixture
async def witness(shop) -> AsyncGenerator[Witness]:
    """Stands between the shop's clients and the shop."""
    found, before = Witness(), shop.http
    async with httpx.AsyncClient(base_url=shop.url("SHOPSITE_URL"), timeout=30, transport=found) as client:
        shop.http = client
        yield found
    shop.http = before


async def test_a_rolling_restart_under_load_loses_and_doubles_nothing(shop, witness, new_account, new_product):
    product = await new_product(stock=100_000)
    buyers = [await new_account() for _ in range(BUYERS)]
    stopped = asyncio.Event()
    for buyer in buyers:
        buyer.patient = True
    bought: list[list[tuple[dict, str]]] = [[] for _ in buyers]
    tasks = [
        asyncio.create_task(shop_until(stopped, buyer, product, own)) for buyer, own in zip(buyers, bought, strict=True)
    ]
    for process in EVERYTHING if is_long_run() else SOME:
        before = [len(orders) for orders in bought]
        await shop.ctl("restart", process)
        await eventually(lambda so_far=before: all(map(gt, map(len, bought), so_far)), within=120)
    stopped.set()
    await asyncio.gather(*tasks)
    for buyer, orders in zip(buyers, bought, strict=True):
        await ends_right(shop, buyer, orders)
    total = sum(len(orders) for orders in bought)
    shown = await shop.request("GET", f"/api/products/{product['id']}/", patient=True)
    assert shown.json()["stock"] == 100_000 - total
    refused = {status for status in witness.met if isinstance(status, str) or status >= 500}
    assert refused <= _WHILE_AWAY, f"cut off in the middle: {witness.met}"


async def ends_right(shop, buyer, orders) -> None:
    """Each order exists once, is paid once and told of once."""
    for order, reference in orders:
        await buyer.becomes(order["id"], "PROCESSING", within=90)
        [transaction] = await shop.transactions(reference)
        assert (transaction["status"], transaction["refunds"]) == ("success", [])
    assert (await buyer.get("/api/orders/"))["count"] == len(orders)
    await eventually(lambda: each_is_told_of_twice(shop, buyer, orders), within=90, every=0.5)


async def each_is_told_of_twice(shop, buyer, orders) -> bool:
    """Once as placed, once as paid."""
    subjects = await shop.mails(buyer.email)
    return all(len([subject for subject in subjects if order["number"] in subject]) == 2 for order, _ in orders)
