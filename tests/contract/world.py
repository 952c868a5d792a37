"""People, and one thing of each kind that a path or a body can name; what a module's tests share."""

import asyncio
import io
from dataclasses import dataclass, field
from typing import Any

from operations import Operation
from PIL import Image

from shopsite_common.testing.polling import eventually

_NOTHING = "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90"  # a healthy shop has no dead letters
_REVIEWS = 3  # the author, staff and an admin each delete one


@dataclass
class World:
    """A customer who owns something of everything, another one, staff and an admin.

    Attributes:
        ids: what stands for each parameter of a path.
        spares: by operation and parameter, the things that the operation consumes.
        bodies: by operation, a body that it accepts and that changes little.
        reference: of the owner's payment.
    """

    owner: Any
    stranger: Any
    staff: Any
    admin: Any
    ids: dict[str, str]
    spares: dict[str, dict[str, list[str]]]
    bodies: dict[str, Any]
    reference: str
    files: dict[str, Any] = field(default_factory=lambda: {"add_product_image": {"file": ("lamp.png", picture())}})

    def url_of(self, operation: Operation, *, consume: bool = False) -> str:
        """Return the operation's address; who is going to consume what it names gets a thing of their own."""
        ids = {**self.ids, **self._spares_of(operation, consume=consume)}
        query = f"?reference={self.reference}" if operation.id == "payment_callback" else ""
        return operation.path.format_map(ids) + query

    def _spares_of(self, operation: Operation, *, consume: bool) -> dict[str, str]:
        found = self.spares.get(operation.id, {})
        return {name: things.pop() if consume and things[1:] else things[-1] for name, things in found.items()}

    def content_of(self, operation: Operation) -> dict[str, Any]:
        """Return the body as httpx takes it."""
        if operation.id in self.files:
            return {"files": self.files[operation.id]}
        return {"json": self.bodies.get(operation.id, {})} if operation.media_types else {}


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, "PNG")
    return content.getvalue()


async def make_world(shop: Any) -> World:
    admin = await (await shop.first_admin()).make_colleague("admin")
    owner, stranger, leaver, staff = await asyncio.gather(
        shop.sign_up(), shop.sign_up(), shop.sign_up(), admin.make_colleague("staff")
    )
    bought = await asyncio.gather(*(staff.sell() for _ in range(_REVIEWS)))
    product, *gone = await asyncio.gather(*(staff.sell() for _ in range(_REVIEWS)))
    paid, reference = await _paid_order(owner, bought)
    unpaid = await owner.buy(product["id"])
    reviews = [await _review(owner, each["id"]) for each in bought]
    await owner.fill_cart(product["id"])
    cart = await owner.get("/api/cart/me/")
    payments = await owner.get("/api/payment/")
    ids = {
        "cart_id": cart["id"],
        "customer_id": (await leaver.get("/api/customer_profile/me/"))["id"],
        "item_id": cart["items"][0]["id"],
        "letter_id": _NOTHING,
        "notification_id": await _mail_to(admin, owner.email),
        "order_id": paid["id"],
        "payment_id": payments["results"][0]["id"],
        "product_id": product["id"],
        "review_id": reviews[0],
    }
    spares = {
        "cancel_order": {"order_id": [unpaid["id"]]},
        "delete_product": {"product_id": [each["id"] for each in gone]},
        "delete_product_image": {"image_id": [await _image(staff, product["id"]) for _ in gone]},
        "delete_review": {"review_id": reviews},
    }
    bodies = {
        "adjust_stock": {"delta": 1},
        "pay": {"order_id": paid["id"]},
        "refund_payment": {"amount": "1.00"},
        "replace_cart": {"items": [{"product": product["id"], "quantity": 1}]},
        "replace_cart_item": {"quantity": 1},
        "replace_review": {"rating": 4, "comment": "Bright enough."},
    }
    return World(owner, stranger, staff, admin, ids, spares, bodies, reference)


async def _paid_order(owner: Any, products: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    for product in products[1:]:
        await owner.fill_cart(product["id"])
    order: dict[str, Any] = await owner.buy(products[0]["id"])
    reference = await owner.pay(order["id"])
    await owner.becomes(order["id"], "PROCESSING", within=60)
    return order, reference


async def _review(owner: Any, product_id: str) -> str:
    made: list[str] = []

    async def is_allowed() -> bool:
        # the right to review follows the payment by event
        body = {"product": product_id, "rating": 5, "comment": "Bright."}
        answer = await owner.call("POST", "/api/reviews/", json=body)
        made.extend([answer.json()["id"]] if answer.status_code == 201 else [])
        return bool(made)

    await eventually(is_allowed, within=60, every=0.2)
    return made[0]


async def _mail_to(admin: Any, address: str) -> str:
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        found[:] = (await admin.get(f"/api/admin/notifications/?to={address}&kind=welcome"))["results"]
        return bool(found)

    await eventually(is_there, within=60, every=0.2)
    return str(found[0]["id"])


async def _image(staff: Any, product_id: str) -> str:
    answer = await staff.call("POST", f"/api/products/{product_id}/images/", files={"file": ("lamp.png", picture())})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
