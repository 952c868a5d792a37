"""`deploy/compose/roll.sh`: every container is renewed while customers buy, and none of them notices."""

import asyncio
import contextlib
import itertools
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3000), pytest.mark.usefixtures("needs_containers")]

SIGNED_IN_SECONDS = 300  # an access token ends after 900
PROCESSES = 14  # an API and a worker of six services, authz, portal


class Load:
    """Requests of several people, one after another each, until it is told to stop."""

    def __init__(self):
        self.sent = 0
        self.slowest = 0.0
        self.failed = []
        self._on = True

    async def repeat(self, account, calls):
        signs_in_at = time.monotonic()
        for method, path, options in itertools.cycle(calls):
            if not self._on:
                return
            if account.headers and time.monotonic() >= signs_in_at:
                await account.sign_in()
                signs_in_at += SIGNED_IN_SECONDS
            fields = {name: value() if callable(value) else value for name, value in options.items()}
            await self._send(account, method, path, fields)
            await asyncio.sleep(0.05)

    async def _send(self, account, method, path, fields):
        began = time.monotonic()
        try:
            answer = await account.call(method, path, **fields)
        except httpx.TransportError as error:
            self.failed.append((method, path, repr(error)))
        else:
            if not answer.is_success:
                self.failed.append((method, path, answer.status_code, answer.text[:300]))
        self.sent += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    @contextlib.asynccontextmanager
    async def running(self, people):
        tasks = [asyncio.create_task(self.repeat(account, calls)) for account, calls in people]
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
    """A reader without an account, three buyers who write in carts and profiles, a payer, an admin."""
    product = await new_product(stock=10_000)
    stranger, payer = await new_account(), await new_account()
    stranger.headers = {}
    admin.patient = False
    order = await payer.buy(product["id"])
    people = [
        (stranger, [("GET", "/api/products/", {}), ("GET", f"/api/products/{product['id']}/", {})]),
        (stranger, [("GET", "/api/schema/", {}), ("GET", "/api/categories/", {})]),
        (payer, [("POST", "/api/pay/", {"json": {"order_id": order["id"]}}), ("GET", "/api/payment/", {})]),
        (admin, [("GET", "/api/admin/notifications/", {}), ("GET", "/api/admin/customers/", {})]),
    ]
    for _ in range(3):
        buyer = await new_account()
        await buyer.fill_cart(product["id"])
        line = (await buyer.get("/api/cart/me/"))["items"][0]["id"]
        one = {"json": {"product": product["id"], "quantity": 1}}
        writes = [
            ("PATCH", f"/api/cart-items/{line}/", {"json": {"quantity": 2}}),
            ("PATCH", "/api/customer_profile/me/", {"json": {"first_name": "Ada"}}),
            ("GET", "/api/orders/", {}),
        ]
        people += [(buyer, writes), (await new_account(), [("POST", "/api/cart-items/", one)])]
    return people


async def test_renewing_every_container_fails_no_request(new_account, new_product, admin):
    load = Load()
    people = await everybody(new_account, new_product, admin)
    async with load.running(people):
        renewed = await script("deploy/compose/roll.sh")
    sys.stdout.write(f"{load.sent} requests, the slowest took {load.slowest:.1f} s\n{renewed}")
    assert load.failed[:20] == []
    assert load.sent > 500
    assert renewed.count("renewed") == PROCESSES
