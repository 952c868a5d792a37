"""The running shop as a client sees it, for whole-system tests. `make test` starts one and tells where it is."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shopsite_common.testing.environment import running_shop
from shopsite_common.testing.polling import eventually
from shopsite_local import containers, control
from shopsite_local.layout import OFFSETS

PASSWORD = "securepassword123"
ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}
_AWAY = {502, 503, 504}
_admin_token: dict[str, Any] = {}
_PATIENCE = 75  # seconds; a key of repetition whose run died is free again after 60


def is_worth_another_try(answer: httpx.Response) -> bool:
    """Tell whether nobody was there, or the first try may still be at work.

    That is a gateway's answer, Traefik in the moment before it has read its routes, or the key of a run that died.
    """
    if answer.status_code in _AWAY or answer.text == "404 page not found\n":
        return True
    return answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] == "request_still_running"


def in_containers() -> bool:
    """Tell whether the shop under test is the one of `make test-compose`."""
    return "SHOPSITE_IN_CONTAINERS" in running_shop


@dataclass
class Shop:
    """The gateway, and the simulators behind the shop."""

    http: httpx.AsyncClient
    known: dict[str, str]

    def url(self, name: str) -> str:
        return self.known[name]

    async def request(self, method: str, path: str, *, patient: bool = False, **kwargs: Any) -> httpx.Response:
        """Send a request; a patient client tries again while the shop is away, as a good client does."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = await self.http.request(method, path, **kwargs)
            except httpx.TransportError:
                if not patient or time.monotonic() > deadline:
                    raise
            else:
                if not patient or not is_worth_another_try(answer) or time.monotonic() > deadline:
                    return answer
            await asyncio.sleep(0.3)

    async def becomes_healthy(self) -> None:
        """Wait until the whole shop is."""

        async def ok() -> bool:
            return (await self.request("GET", "/api/health/", patient=True)).status_code == httpx.codes.OK

        await eventually(ok, within=300, every=1)

    async def sign_up(self) -> "Account":
        """Sign somebody up and in."""
        account = Account(self, f"buyer-{secrets.token_hex(6)}@example.com")
        body = {"first_name": "Ada", "last_name": "Obi", "password": PASSWORD, "confirm_password": PASSWORD}
        answer = await self.request("POST", "/api/signup/", json={"email": account.email, **body}, patient=True)
        assert answer.status_code == 201, answer.text
        await account.sign_in()
        return account

    async def first_admin(self) -> "Account":
        """Sign the shop's first admin in; most tests need them, so a token serves for ten of its fifteen minutes."""
        account = Account(self, self.url("SHOPSITE_ADMIN_EMAIL"), patient=True)
        if _admin_token.get("until", 0.0) < time.monotonic():
            await account.sign_in(self.url("SHOPSITE_ADMIN_PASSWORD"))
            _admin_token.update(until=time.monotonic() + 600, headers=account.headers)
        account.headers = dict(_admin_token["headers"])
        return account

    async def mails(self, address: str) -> list[str]:
        """Return the subjects of the mails to an address, oldest first."""
        url = f"{self.url('MAIL_URL')}/api/v1/search"
        answer = await self.request("GET", url, patient=True, params={"query": f"to:{address}"})
        return [mail["Subject"] for mail in reversed(answer.json()["messages"])]

    async def latest_mail(self, address: str) -> str:
        """Return the text of the last mail to an address."""
        base = self.url("MAIL_URL")
        found = await self.request("GET", f"{base}/api/v1/search", patient=True, params={"query": f"to:{address}"})
        newest = found.json()["messages"][0]["ID"]
        mail = await self.request("GET", f"{base}/api/v1/message/{newest}", patient=True)
        return str(mail.json()["Text"])

    async def transactions(self, reference: str) -> list[dict[str, Any]]:
        url = f"{self.url('PAYSTACK_SIMULATOR_URL')}/_simulator/transactions"
        answer = await self.request("GET", url, patient=True)
        return [row for row in answer.json() if row["reference"] == reference]

    async def ctl(self, action: str, name: str) -> None:
        """Stop, start, restart or kill a process of the shop, as `make ctl` does."""
        if in_containers():
            await asyncio.to_thread(containers.act, action, name)
            return
        home = Path(self.url("SHOPSITE_RUNNER_DIR"))
        await asyncio.to_thread(control.ask, home, action, name)

    def inside(self, service: str) -> str:
        """Return the address of a service's API past the gateway, as its neighbours see it."""
        if in_containers():
            return containers.address(f"{service}-api")
        return f"http://127.0.0.1:{int(self.url('SHOPSITE_PORT_BASE')) + OFFSETS[f'{service}-api']}"

    async def network(self, link: str, fault: str, *, seconds: float = 0.0) -> None:
        """Make the link to a server, a simulator or a service's API fail, or heal it (`none`): `make ps` has the names.

        The faults are those of `shopsite_local.network.proxy`; only the shop's processes are behind it, not the test.
        """
        url = f"{self.url('NETWORK_URL')}/links/{link}"
        answer = await self.http.put(url, json={"fault": fault, "seconds": seconds})
        assert answer.status_code == 200, answer.text

    async def heal_network(self) -> None:
        """End every fault of the network."""
        answer = await self.http.delete(f"{self.url('NETWORK_URL')}/links")
        assert answer.status_code == 200, answer.text

    async def webhooks(self, mode: str) -> None:
        """Have the simulator send webhooks from now on: `on`, `off`, `duplicate` or `delay`."""
        url = f"{self.url('PAYSTACK_SIMULATOR_URL')}/_simulator/settings"
        answer = await self.request("POST", url, json={"webhooks": mode}, patient=True)
        assert answer.status_code == 200, answer.text


@dataclass
class Account:
    """Somebody who is signed in."""

    shop: Shop
    email: str
    headers: dict[str, str] = field(default_factory=dict)
    patient: bool = False

    async def sign_in(self, password: str = PASSWORD) -> None:
        body = {"email": self.email, "password": password}
        answer = await self.shop.request("POST", "/api/token/", json=body, patient=True)
        assert answer.status_code == 200, answer.text
        self.headers = {"Authorization": f"Bearer {answer.json()['access']}"}

    async def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {**self.headers, **kwargs.pop("headers", {})}
        return await self.shop.request(method, path, headers=headers, patient=self.patient, **kwargs)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fill_cart(self, product_id: str, quantity: int = 1) -> None:
        answer = await self.call("POST", "/api/cart-items/", json={"product": product_id, "quantity": quantity})
        assert answer.status_code == 201, answer.text

    async def check_out(self, **headers: str) -> httpx.Response:
        return await self.call("POST", "/api/checkout/", json=ADDRESSES, headers=headers)

    async def buy(self, product_id: str, quantity: int = 1) -> dict[str, Any]:
        """Order a product; return the order."""
        await self.fill_cart(product_id, quantity)
        answer = await self.check_out(**{"Idempotency-Key": secrets.token_hex(8)})
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order

    async def begin_payment(self, order_id: str) -> dict[str, str]:
        answer = await self.call("POST", "/api/pay/", json={"order_id": order_id})
        assert answer.status_code == 200, answer.text
        data: dict[str, str] = answer.json()["data"]
        return data

    async def pay(self, order_id: str, outcome: str = "success") -> str:
        """Go to Paystack's page and press a button; return the reference."""
        data = await self.begin_payment(order_id)
        answer = await self.shop.request(
            "POST", data["authorization_url"], data={"outcome": outcome}, patient=self.patient
        )
        assert answer.status_code in {302, 303}, answer.text
        return data["reference"]

    async def status_of(self, order_id: str) -> str:
        order = await self.get(f"/api/orders/{order_id}/")
        return str(order["status"])

    async def becomes(self, order_id: str, status: str, *, within: float = 20) -> None:
        async def is_so() -> bool:
            return await self.status_of(order_id) == status

        await eventually(is_so, within=within, every=0.2)

    async def make_colleague(self, role: str) -> "Account":
        """As an admin, make an account with a role, and sign it in."""
        account = Account(self.shop, f"{role}-{secrets.token_hex(6)}@example.com")
        body = {"email": account.email, "first_name": "Chi", "last_name": "Eze", "password": PASSWORD, "role": role}
        answer = await self.call("POST", "/api/admin/customers/", json=body)
        assert answer.status_code == 201, answer.text
        await account.sign_in()
        return account

    async def sell(self, *, stock: int = 10, price: str = "1999.50", **fields: Any) -> dict[str, Any]:
        """As staff, put a product on sale."""
        body = {"name": f"Test lamp {secrets.token_hex(4)}", "price": price, "stock": stock, **fields}
        answer = await self.call("POST", "/api/products/", json=body)
        assert answer.status_code == 201, answer.text
        product: dict[str, Any] = answer.json()
        return product


@asynccontextmanager
async def visit() -> AsyncGenerator[Shop]:
    """Go to the shop that `make test` has started, or the one of `eval "$(make env)"`."""
    if "SHOPSITE_URL" not in running_shop:
        pytest.fail("these tests need a running shop: make test")
    async with httpx.AsyncClient(base_url=running_shop["SHOPSITE_URL"], timeout=30) as client:
        yield Shop(client, running_shop)


@pytest.fixture
async def shop() -> AsyncGenerator[Shop]:
    """The running shop, for one test."""
    async with visit() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing_shop() -> AsyncGenerator[Shop]:
    """The running shop, for what the tests of a module share."""
    async with visit() as found:
        yield found


@pytest.fixture
def needs_containers() -> None:
    """Skip where the shop under test is one of processes."""
    if not in_containers():
        pytest.skip("needs the shop of make test-compose")


@pytest.fixture
def new_account(shop: Shop):
    """Return a function that signs somebody up and in."""
    return shop.sign_up


@pytest.fixture
async def buyer(shop: Shop) -> Account:
    return await shop.sign_up()


@pytest.fixture
async def admin(shop: Shop) -> Account:
    return await shop.first_admin()


@pytest.fixture
def new_colleague(admin: Account):
    """Return a function that has the admin make an account with a role, and signs it in."""
    return admin.make_colleague


@pytest.fixture
async def staff(admin: Account) -> Account:
    return await admin.make_colleague("staff")


@pytest.fixture
def new_product(admin: Account):
    """Return a function that puts a product on sale."""
    return admin.sell
