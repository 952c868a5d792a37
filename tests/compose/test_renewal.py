"""`deploy/compose/roll.sh`: every container is renewed while customers buy, and none of them notices."""

import asyncio
import contextlib
import itertools
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000), pytest.mark.usefixtures("needs_containers")]

PASSWORD = "securepassword123"
PROCESSES = 14  # an API and a worker of six services, authz, portal
JUDGES = ("redis", "authz", "identity-api", "postgres")  # what has a say in whether a token counts


@dataclass(frozen=True)
class Failure:
    """What went wrong, and how many seconds after the start."""

    seconds: int
    email: str
    request: str
    what: str  # a status, or the name of the error without one
    text: str


class Load:
    """Requests of several people, one after another each, until it is told to stop."""

    def __init__(self):
        self.sent = 0
        self.slowest = 0.0
        self.failed = []
        self._began = time.monotonic()
        self._on = True

    def __str__(self):
        codes = Counter(failure.what for failure in self.failed)
        return f"{self.sent} requests, the slowest took {self.slowest:.1f} s; failed, by answer: {dict(codes)}"

    async def repeat(self, account, calls):
        for method, path, options in itertools.cycle(calls):
            if not self._on:
                return
            await self._send(account, method, path, options)
            await asyncio.sleep(0.05)

    async def _send(self, account, method, path, fields):
        began = time.monotonic()
        self.sent += 1
        try:
            answer = await account.call(method, path, **fields)
        except httpx.TransportError as error:
            self._note(account, f"{method} {path}", type(error).__name__, str(error))
        else:
            if not answer.is_success:
                self._note(account, f"{method} {path}", str(answer.status_code), answer.text[:200])
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _note(self, account, request, what, text):
        self.failed.append(Failure(round(time.monotonic() - self._began), account.email, request, what, text))

    @contextlib.asynccontextmanager
    async def running(self, people):
        tasks = [asyncio.create_task(self.repeat(*person)) for person in people]
        try:
            yield
        finally:
            self._on = False
            await asyncio.gather(*tasks)


async def script(*words):
    running = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdout=-1, stderr=-2)
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
    return said.decode()


async def everybody(new_account, new_product, admin):
    """A reader without an account, three buyers who write in carts and profiles, a payer, an admin, one who signs in.

    Each but the last keeps the one token that they begin with.
    """
    product = await new_product(stock=10_000)
    stranger, payer = await new_account(), await new_account()
    pair = {"json": {"email": stranger.email, "password": PASSWORD}}
    stranger.headers = {}
    await admin.sign_in(admin.shop.url("SHOPSITE_ADMIN_PASSWORD"))
    admin.patient = False
    order = await payer.buy(product["id"])
    people = [
        (stranger, [("GET", "/api/products/", {}), ("GET", f"/api/products/{product['id']}/", {})]),
        (stranger, [("GET", "/api/schema/", {}), ("GET", "/api/categories/", {})]),
        (stranger, [("POST", "/api/token/", pair)]),
        (payer, [("POST", "/api/pay/", {"json": {"order_id": order["id"]}}), ("GET", "/api/payment/", {})]),
        (admin, [("GET", "/api/admin/notifications/", {}), ("GET", "/api/admin/customers/", {})]),
    ]
    for _ in range(3):
        buyer = await new_account()
        await buyer.fill_cart(product["id"])
        line = (await buyer.get("/api/cart/me/"))["items"][0]["id"]
        one = {"json": {"product": product["id"], "quantity": 1}}
        back_and_forth = [
            ("POST", "/api/cart-items/", one),
            ("DELETE", f"/api/products/{product['id']}/remove_from_cart/", {}),
        ]
        writes = [
            ("PATCH", f"/api/cart-items/{line}/", {"json": {"quantity": 2}}),
            ("PATCH", "/api/customer_profile/me/", {"json": {"first_name": "Ada"}}),
            ("GET", "/api/orders/", {}),
        ]
        people += [(buyer, writes), (await new_account(), back_and_forth)]
    return people


async def test_renewing_every_container_fails_no_request(new_account, new_product, admin):
    load = Load()
    people = await everybody(new_account, new_product, admin)
    async with load.running(people):
        renewed = await script("deploy/compose/roll.sh")
    sys.stdout.write(f"{load}\n{renewed}")
    assert load.failed[:20] == []
    assert load.sent > 500
    assert renewed.count("renewed") == PROCESSES


async def test_whoever_judges_a_token_may_restart_and_none_is_refused(shop, new_account, new_product, admin):
    load = Load()
    people = await everybody(new_account, new_product, admin)
    async with load.running(people):
        for name in JUDGES:
            await shop.ctl("restart", name)
            await shop.becomes_healthy()
    sys.stdout.write(f"{load}\n")
    assert [failure for failure in load.failed if failure.what == "401"][:20] == []
    assert load.sent > 100
