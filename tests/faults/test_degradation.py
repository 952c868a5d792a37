"""Each server and process away, or slow, and each thing that the shop does: every cell of `docs/degradation.md`.

The tables of that page are the expectation: a row is an outage, a column a request, and what stands where they meet is
what a client gets. An outage is made once and meets all requests at the same time; afterwards everything has to work.
"""

import asyncio
import hashlib
import hmac
import io
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

PAGE = Path(__file__).parents[2] / "docs" / "degradation.md"
SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
LINKS = {
    "PostgreSQL": "postgres",
    "Redis": "redis",
    "RabbitMQ": "amqp",
    "Paystack": "paystack-simulator",
    "Cloudinary": "cloudinary-simulator",
    "mail server": "smtp",
}
PASSWORD = "securepassword123"
ONE_WAY = 1.6  # seconds that a slow link holds what passes, there and back


@dataclass
class Customer:
    """Somebody with everything that the requests need: a cart, an order to pay and one to ship; and an admin."""

    shop: Any
    account: Any
    admin: Any
    product: dict[str, Any]
    unpaid: dict[str, Any]
    paid: dict[str, Any]
    key: str

    async def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """Read something as anybody may."""
        return await self.shop.request("GET", path, **kwargs)

    async def own(self, path: str) -> httpx.Response:
        return await self.account.call("GET", path)

    async def read_page(self) -> httpx.Response:
        return await self.get(f"/api/products/{self.product['id']}/")

    async def sign_in(self) -> httpx.Response:
        return await self.shop.request("POST", "/api/token/", json={"email": self.account.email, "password": PASSWORD})

    async def sign_up(self) -> httpx.Response:
        name = {"first_name": "Ada", "last_name": "Obi", "password": PASSWORD, "confirm_password": PASSWORD}
        return await self.shop.request(
            "POST", "/api/signup/", json={"email": f"new-{secrets.token_hex(6)}@example.com", **name}
        )

    async def fill_cart(self) -> httpx.Response:
        return await self.account.call("POST", "/api/cart-items/", json={"product": self.product["id"], "quantity": 1})

    async def check_out(self) -> httpx.Response:
        return await self.account.check_out(**{"Idempotency-Key": self.key})

    async def pay(self) -> httpx.Response:
        return await self.account.call("POST", "/api/pay/", json={"order_id": self.unpaid["id"]})

    async def get_webhook(self) -> httpx.Response:
        """Play Paystack: a genuine webhook, of a payment that is not ours."""
        body = json.dumps({"event": "charge.success", "data": {"reference": f"stranger-{self.key}"}}).encode()
        signature = hmac.new(self.shop.url("PAYSTACK_SECRET_KEY").encode(), body, hashlib.sha512).hexdigest()
        headers = {"x-paystack-signature": signature, "Content-Type": "application/json"}
        return await self.shop.request("POST", "/api/payment/webhook/", content=body, headers=headers)

    async def ship(self) -> httpx.Response:
        body = {"tracking_number": "TRACK-1", "carrier": "DHL"}
        return await self.admin.call("POST", f"/api/orders/{self.paid['id']}/mark_as_shipped/", json=body)

    async def upload(self) -> httpx.Response:
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
        path = f"/api/products/{self.product['id']}/images/"
        return await self.admin.call("POST", path, files={"file": ("a.png", picture.getvalue(), "image/png")})


Request = Callable[[Customer], Awaitable[httpx.Response]]
REQUESTS: dict[str, Request] = {
    "read page": Customer.read_page,
    "new page": lambda one: one.get("/api/products/", params={"search": secrets.token_hex(4)}),
    "sign in": Customer.sign_in,
    "sign up": Customer.sign_up,
    "profile": lambda one: one.own("/api/customer_profile/me/"),
    "cart": lambda one: one.own("/api/cart/me/"),
    "into cart": Customer.fill_cart,
    "checkout": Customer.check_out,
    "orders": lambda one: one.own("/api/orders/"),
    "pay": Customer.pay,
    "webhook": Customer.get_webhook,
    "ship": Customer.ship,
    "picture": Customer.upload,
    "mail log": lambda one: one.admin.call("GET", "/api/admin/notifications/"),
    "documents": lambda one: one.get("/api/schema/"),
    "health": lambda one: one.get("/api/health/"),
}
SIMPLE = ("new page", "sign in", "profile", "cart", "orders", "webhook", "mail log", "documents", "health")


@dataclass(frozen=True)
class Row:
    """A line of a table: an outage, what each request is answered, and within how many seconds."""

    outage: str
    cells: dict[str, str]
    within: float


def table(heading: str) -> list[Row]:
    """Read the first table below a heading of the page."""
    below = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n|", 1)[1]
    lines = takewhile(lambda line: line.strip(), below.splitlines())
    [_, *titles], _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert titles == [*REQUESTS, "within"], f"the table {heading} has other columns than the test has requests"
    return [Row(name, dict(zip(REQUESTS, cells, strict=False)), float(cells[-1].split()[0])) for name, *cells in rows]


# what the tables say of these takes long to see, or is seen in another row as well
LONG = {"portal", "mail server", "notifications", "identity", "all workers"}
STOPPED = [(row, False) for row in table("Stopped")]
SLOW = [(row, True) for row in table("Slow") if is_long_run() or row.outage not in LONG]
ROWS = [*STOPPED, *SLOW]


class Outage:
    """Something is away, or slow: a link of the network, or processes."""

    def __init__(self, shop: Any, name: str, *, slow: bool) -> None:
        self._shop = shop
        self._slow = slow
        self._link = LINKS.get(name) or (f"{name}-api" if slow and name in SERVICES else "")
        self._processes = _processes(name)

    async def begin(self) -> None:
        if self._link:
            await self._shop.network(self._link, "delay" if self._slow else "cut", seconds=ONE_WAY)
        else:
            await self._all("pause" if self._slow else "stop")

    async def end(self) -> None:
        if self._link:
            await self._shop.heal_network()
        else:
            await self._all("resume" if self._slow else "start")

    async def _all(self, action: str) -> None:
        await asyncio.gather(*(self._shop.ctl(action, name) for name in self._processes))


def _processes(name: str) -> list[str]:
    if name == "all workers":
        return [f"{service}-worker" for service in SERVICES]
    return [f"{name}-api" if name in SERVICES else name]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def customers(standing_shop) -> list[Customer]:
    """One customer a row, made together before anything fails."""
    admin = await standing_shop.first_admin()
    few = asyncio.Semaphore(4)

    async def make() -> Customer:
        async with few:
            product = await admin.sell()
            account = await standing_shop.sign_up()
            account.patient = True
            paid = await account.buy(product["id"])
            await account.pay(paid["id"])
            unpaid = await account.buy(product["id"])
            await account.fill_cart(product["id"])
            await account.becomes(paid["id"], "PROCESSING", within=60)
            account.patient = False
            return Customer(standing_shop, account, admin, product, unpaid, paid, secrets.token_hex(8))

    return list(await asyncio.gather(*(make() for _ in ROWS)))


async def timed(request: Request, customer: Customer) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = await request(customer)
    return answer, time.monotonic() - began


def verdict(answer: httpx.Response, seconds: float, *, expected: str, within: float) -> str:
    """Return what is wrong with an answer, or an empty string."""
    statuses, _, form = expected.partition(" ")
    found = "✓" if answer.is_success else str(answer.status_code)
    if found not in statuses.split("/"):
        return f"{found} where the page says {expected}: {answer.text[:200]}"
    if seconds > within:
        return f"{found} after {seconds:.1f} s"
    if form == "bare":
        return "" if answer.text == HTTPStatus(answer.status_code).phrase else f"more than bare: {answer.text[:200]}"
    if found != "✓" and answer.headers["content-type"] != "application/json":  # which is the shop's health
        problem_of(answer, answer.status_code)
        assert int(answer.headers["Retry-After"]) > 0
    return ""


async def meet(customer: Customer, row: Row) -> dict[str, str]:
    """Send every request at the same time; return what is wrong, by request."""
    asked = await asyncio.gather(*(timed(request, customer) for request in REQUESTS.values()))
    answers = dict(zip(REQUESTS, asked, strict=True))
    wrong = {
        title: verdict(answer, took, expected=row.cells[title], within=row.within)
        for title, (answer, took) in answers.items()
    }
    return {title: what for title, what in wrong.items() if what}


async def works_again(customer: Customer) -> bool:
    answers = await asyncio.gather(*(REQUESTS[title](customer) for title in SIMPLE))
    return all(answer.is_success for answer in answers) and answers[-1].json()["status"] == "ok"


async def no_pool_is_starved(customer: Customer) -> None:
    paths = ("/api/cart/me/", "/api/orders/", "/api/customer_profile/me/")
    answers = await asyncio.gather(*(customer.own(path) for path in paths for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}


async def made_good(customer: Customer) -> None:
    """What was refused is done by who asks again, once; what was promised has come true."""
    customer.account.patient = True
    order = await customer.check_out()
    assert order.status_code == 201, order.text
    assert (await customer.pay()).status_code == 200

    async def told() -> bool:
        mails = await customer.shop.mails(customer.account.email)
        return len([mail for mail in mails if order.json()["number"] in mail]) == 1

    await eventually(told, within=90, every=0.3)
    found = [one["id"] for one in (await customer.account.get("/api/orders/"))["results"]]
    assert sorted(found) == sorted([customer.paid["id"], customer.unpaid["id"], order.json()["id"]])


async def go_through(customer: Customer, row: Row, *, slow: bool) -> None:
    shop, admin = customer.shop, customer.admin
    await asyncio.gather(customer.account.sign_in(), admin.sign_in(shop.url("SHOPSITE_ADMIN_PASSWORD")))
    await asyncio.gather(customer.read_page(), customer.own("/api/customer_profile/me/"))
    admin.patient = False
    outage = Outage(shop, row.outage, slow=slow)
    await outage.begin()
    await asyncio.sleep(1.1)  # the shop's health is at most a second old
    try:
        wrong = await meet(customer, row)
    finally:
        await outage.end()
        await eventually(lambda: works_again(customer), within=90, every=0.5)
    assert wrong == {}
    await no_pool_is_starved(customer)
    await made_good(customer)


@pytest.mark.parametrize(
    ("number", "row", "slow"),
    [(number, row, slow) for number, (row, slow) in enumerate(ROWS)],
    ids=[f"{row.outage} {'slow' if slow else 'stopped'}" for row, slow in ROWS],
)
async def test_an_outage_is_met_as_the_page_says_and_leaves_nothing_behind(customers, number, row, slow):
    await go_through(customers[number], row, slow=slow)
