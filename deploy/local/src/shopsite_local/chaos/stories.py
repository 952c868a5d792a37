"""What buyers do: each story is a purchase, and keeps what the client was told of it."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

from shopsite_local.chaos.client import Client

ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}
_MOST_PIECES = 3


@dataclass
class Purchase:
    """An order as its buyer knows it: all that is noted here was confirmed to the client.

    Attributes:
        paid: Paystack's page said that the money was taken.
        wrong: of another amount than the order's.
        said: further steps that the shop has confirmed: `cancelled`, `shipped`, `completed`, `refunded`.
    """

    order_id: str
    email: str
    fate: str
    paid: bool = False
    wrong: bool = False
    said: list[str] = field(default_factory=list)


class Storyteller:
    """Plays stories with one buyer.

    Args:
        buyer, admin: who is signed in.
        simulator: the address of the Paystack simulator.
        products: what there is to buy.
        late_seconds: after how long an order is surely past its deadline.
        seed: from which this buyer's choices are drawn.
    """

    def __init__(
        self, buyer: Client, admin: Client, *, simulator: str, products: list[str], late_seconds: float, seed: str
    ) -> None:
        self._buyer = buyer
        self._admin = admin
        self._simulator = simulator
        self._products = products
        self._late_seconds = late_seconds
        self._draw = random.Random(seed)  # noqa: S311 - drawn anew from the same seed
        self._stories = {
            self.pay: 8,
            self.ship: 3,
            self.pay_after_a_decline: 2,
            self.pay_two_pages: 2,
            self.abandon: 2,
            self.pay_too_late: 1,
            self.cancel_unpaid: 1,
            self.cancel_paid: 2,
            self.pay_a_wrong_amount: 1,
            self.refund_by_admin: 2,
        }

    async def tell(self, purchases: list[Purchase]) -> None:
        """Plays one story; its purchase is added as soon as the shop has confirmed the order."""
        story = self._draw.choices(list(self._stories), weights=list(self._stories.values()))[0]
        purchase = await self._order(story.__name__)
        if purchase is not None:
            purchases.append(purchase)
            await story(purchase)

    async def pay(self, purchase: Purchase) -> None:
        """Pays."""
        await self._pay(purchase)

    async def ship(self, purchase: Purchase) -> None:
        """Pays; the shop ships and completes."""
        await self._pay(purchase)
        if await self._becomes(purchase, "PROCESSING"):
            body = {"tracking_number": f"TRACK-{purchase.order_id[-6:]}", "carrier": "DHL"}
            if await self._admin_does(purchase, "mark_as_shipped", "shipped", json=body):
                await self._admin_does(purchase, "mark_as_completed", "completed")

    async def pay_after_a_decline(self, purchase: Purchase) -> None:
        """Is declined, and pays on the next page."""
        await self._press(purchase, await self._page(purchase), "failed")
        await asyncio.sleep(self._draw.uniform(0, 2))
        await self._pay(purchase)

    async def pay_two_pages(self, purchase: Purchase) -> None:
        """Is declined on one page, pays on the next, and then on the first one after all."""
        first = await self._page(purchase)
        await self._press(purchase, first, "failed")
        await asyncio.sleep(self._draw.uniform(0, 2))
        await self._pay(purchase)
        await self._press(purchase, first, "success")

    async def abandon(self, purchase: Purchase) -> None:
        """Opens the page and goes away."""
        await self._press(purchase, await self._page(purchase), "abandoned")

    async def pay_too_late(self, purchase: Purchase) -> None:
        """Pays when the order has ended."""
        page = await self._page(purchase)
        await asyncio.sleep(self._late_seconds)
        await self._press(purchase, page, "success")

    async def cancel_unpaid(self, purchase: Purchase) -> None:
        """Changes their mind, and pays on the open page all the same."""
        page = await self._page(purchase)
        await self._cancel(purchase)
        await self._press(purchase, page, "success")

    async def cancel_paid(self, purchase: Purchase) -> None:
        """Pays, and changes their mind."""
        await self._pay(purchase)
        await asyncio.sleep(self._draw.uniform(0, 3))
        await self._cancel(purchase)

    async def pay_a_wrong_amount(self, purchase: Purchase) -> None:
        """Pays one naira less than the order asks."""
        page = await self._page(purchase)
        if page is not None:
            url, reference = page
            asked = await self._asked(reference)
            settings = {"reference": reference, "amount_override": asked - 100}
            await self._buyer.send("POST", f"{self._simulator}/_simulator/settings", json=settings)
            purchase.wrong = True
            await self._press(purchase, (url, reference), "success")

    async def refund_by_admin(self, purchase: Purchase) -> None:
        """Pays; an admin gives some of it back, or all."""
        await self._pay(purchase)
        if not await self._becomes(purchase, "PROCESSING"):
            return
        answer = await self._admin.call("GET", f"/api/payment/?order={purchase.order_id}")
        for payment in answer.json()["results"] if answer.is_success else ():
            body = {} if self._draw.random() < 0.5 else {"amount": "100.00"}  # noqa: PLR2004 - one in two
            key = {"Idempotency-Key": f"refund-{purchase.order_id}"}
            path = f"/api/payment/{payment['id']}/refund/"
            answer = await self._admin.call("POST", path, json=body, headers=key)
            if answer.is_success and not body:
                purchase.said.append("refunded")

    async def _order(self, fate: str) -> Purchase | None:
        for product in self._draw.sample(self._products, self._draw.randint(1, 2)):
            line = {"product": product, "quantity": self._draw.randint(1, _MOST_PIECES)}
            await self._buyer.call("POST", "/api/cart-items/", json=line)
        key = {"Idempotency-Key": f"{self._draw.getrandbits(64):016x}"}
        checkout = [self._buyer.call("POST", "/api/checkout/", json=ADDRESSES, headers=key)]
        if self._draw.random() < 0.2:  # noqa: PLR2004 - one in five clicks twice
            checkout.append(self._buyer.call("POST", "/api/checkout/", json=ADDRESSES, headers=key))
        answers = await asyncio.gather(*checkout)
        made = {answer.json()["id"] for answer in answers if answer.status_code == httpx.codes.CREATED}
        if len(made) > 1:
            raise AssertionError(f"one key of repetition made two orders: {made}")
        if not made:
            await self._empty_cart()
            return None
        return Purchase(order_id=made.pop(), email=self._buyer.email, fate=fate)

    async def _empty_cart(self) -> None:
        answer = await self._buyer.call("GET", "/api/cart/me/")
        if answer.is_success:
            await self._buyer.call("DELETE", f"/api/cart/{answer.json()['id']}/")

    async def _page(self, purchase: Purchase) -> tuple[str, str] | None:
        answer = await self._buyer.call("POST", "/api/pay/", json={"order_id": purchase.order_id})
        if not answer.is_success:
            return None  # too late, or paid already
        data = answer.json()["data"]
        return data["authorization_url"], data["reference"]

    async def _pay(self, purchase: Purchase) -> None:
        await self._press(purchase, await self._page(purchase), "success")

    async def _press(self, purchase: Purchase, page: tuple[str, str] | None, outcome: str) -> None:
        """Presses a button of Paystack's page; that the money was taken is only noted when Paystack says so."""
        if page is None:
            return
        answer = await self._buyer.send("POST", page[0], data={"outcome": outcome})
        if outcome == "success" and answer.status_code in {302, 303}:
            purchase.paid = True

    async def _asked(self, reference: str) -> int:
        answer = await self._buyer.send("GET", f"{self._simulator}/_simulator/transactions/{reference}")
        return int(answer.json()["requested_amount"])

    async def _cancel(self, purchase: Purchase) -> None:
        answer = await self._buyer.call("POST", f"/api/orders/{purchase.order_id}/cancel/")
        if answer.is_success:
            purchase.said.append("cancelled")

    async def _admin_does(self, purchase: Purchase, action: str, said: str, **kwargs: Any) -> bool:
        answer = await self._admin.call("POST", f"/api/orders/{purchase.order_id}/{action}/", **kwargs)
        if answer.is_success:
            purchase.said.append(said)
        return answer.is_success

    async def _becomes(self, purchase: Purchase, status: str) -> bool:
        """Waits a while for an order's status; an order that does not get there has another end."""
        for _ in range(20):
            answer = await self._buyer.call("GET", f"/api/orders/{purchase.order_id}/")
            if answer.is_success and answer.json()["status"] == status:
                return True
            await asyncio.sleep(0.5)
        return False
