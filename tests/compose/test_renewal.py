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

PASSWORD = "securepassword123"
SIGNED_IN_SECONDS = 300  # an access token ends after 900
PROCESSES = 14  # an API and a worker of six services, authz, portal


class Load:
    """Requests of several people, one after another each, until it is told to stop."""

    def __init__(self):
        self.sent = 0
        self.slowest = 0.0
        self.failed = []
        self._began = time.monotonic()
        self._on = True

    async def repeat(self, account, password, calls):
        signs_in_at = time.monotonic()
        for method, path, options in itertools.cycle(calls):
            if not self._on:
                return
            if password and time.monotonic() >= signs_in_at:
                await self._sign_in(account, password)
                signs_in_at += SIGNED_IN_SECONDS
            await self._send(account, method, path, options)
            await asyncio.sleep(0.05)

    async def _sign_in(self, account, password):
        body = {"email": account.email, "password": password}
        if answer := await self._send(account, "POST", "/api/token/", {"json": body}):
            account.headers = {"Authorization": f"Bearer {answer.json()['access']}"}

    def _note(self, account, method, path, what):
        """Keep what went wrong, and how many seconds after the start."""
        self.failed.append((round(time.monotonic() - self._began), account.email, method, path, what))

    async def _send(self, account, method, path, fields):
        """Return the answer, if it is a good one."""
        began = time.monotonic()
        self.sent += 1
        try:
            answer = await account.call(method, path, **fields)
        except httpx.TransportError as error:
            return self._note(account, method, path, repr(error))
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.is_success:
            return answer
        return self._note(account, method, path, f"{answer.status_code} {answer.text[:200]}")

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
    """A reader without an account, three buyers who write in carts and profiles, a payer, an admin."""
    product = await new_product(stock=10_000)
    stranger, payer = await new_account(), await new_account()
    stranger.headers = {}
    admin.patient = False
    order = await payer.buy(product["id"])
    people = [
        (stranger, "", [("GET", "/api/products/", {}), ("GET", f"/api/products/{product['id']}/", {})]),
        (stranger, "", [("GET", "/api/schema/", {}), ("GET", "/api/categories/", {})]),
        (payer, PASSWORD, [("POST", "/api/pay/", {"json": {"order_id": order["id"]}}), ("GET", "/api/payment/", {})]),
        (
            admin,
            admin.shop.url("SHOPSITE_ADMIN_PASSWORD"),
            [("GET", "/api/admin/notifications/", {}), ("GET", "/api/admin/customers/", {})],
        ),
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
        people += [(buyer, PASSWORD, writes), (await new_account(), PASSWORD, back_and_forth)]
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
