"""Section 4 of the contract: each event appears on the exchange, under its name, when its cause happens."""

import json
import secrets
from datetime import datetime
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from shopsite_common.broker import connect
from shopsite_common.contracts import documents
from shopsite_common.events import CONTRACTS
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e

NAMES = {
    "identity": ("CustomerRegistered", "CustomerUpdated", "CustomerDeleted", "PasswordResetRequested"),
    "catalog": ("ProductCreated", "ProductUpdated", "ProductDeleted", "StockChanged", "StockLow"),
    "orders": ("OrderCreated", "OrderCancelled", "OrderPaid", "OrderShipped", "OrderCompleted", "OrderRefunded"),
    "payments": (
        *("PaymentInitiated", "PaymentSucceeded", "PaymentFailed", "PaymentHeld", "PaymentReleased"),
        *("RefundStarted", "PaymentRefunded", "RefundFailed"),
    ),
    "notifications": ("EmailSent", "EmailFailed"),
    "*": ("AdminActed",),
}
SCHEMAS = {name.removesuffix(".schema.json"): content for name, content in documents().items() if "schema" in name}


class Ear:
    """What was published on the exchange since the test began."""

    def __init__(self):
        self.heard = []

    async def note(self, message):
        self.heard.append((message.routing_key, message.content_type, json.loads(message.body)))

    def find(self, key, data):
        """Return the events of a routing key whose payload has these values, oldest first."""
        return [
            event for heard, _, event in self.heard if heard == f"{key}.v1" and data.items() <= event["data"].items()
        ]

    async def hears(self, key, **data):
        """Wait for an event, look whether it keeps its contract, and return its payload."""
        [event, *_] = await eventually(lambda: self.find(key, data), within=40)
        is_cloud_event(event, key)
        return event["data"]


def is_cloud_event(event, key):
    service, name = key.split(".")
    assert event["specversion"] == "1.0"
    assert UUID(event["id"]).version == 7
    assert (event["source"], event["type"]) == (f"/{service}", f"shopsite.{key}.v1")
    assert event["datacontenttype"] == "application/json"
    assert datetime.fromisoformat(event["time"]).utcoffset().total_seconds() == 0
    assert event["subject"] in map(str, event["data"].values())
    assert event["sequence"] >= 1
    contract = SCHEMAS.get(f"{key}.v1") or SCHEMAS[f"any.{name}.v1"]
    Draft202012Validator(json.loads(contract)).validate(event["data"])


@pytest.fixture
async def exchange(shop):
    ear = Ear()
    async with await connect(shop.url("AMQP_URL"), name="contract-test", give_up_after=30) as broker:
        queue = await (await broker.channel()).declare_queue(exclusive=True)
        await queue.bind("shopsite.events", "#")
        await queue.consume(ear.note, no_ack=True)
        yield ear


async def step(account, order, name):
    answer = await account.call("POST", f"/api/orders/{order['id']}/{name}/")
    assert answer.status_code == 200, answer.text


async def simulate(shop, path, **body):
    answer = await shop.request("POST", f"{shop.url('PAYSTACK_SIMULATOR_URL')}/_simulator/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refund(admin, order, **body):
    [payment] = (await admin.get(f"/api/payment/?order={order['id']}"))["results"]
    answer = await admin.call("POST", f"/api/payment/{payment['id']}/refund/", json=body)
    assert answer.status_code == 202, answer.text


@pytest.mark.row("Event names")
def test_the_names_of_all_events_are_these():
    assert set(CONTRACTS) == {f"{service}.{name}.v1" for service, names in NAMES.items() for name in names}


@pytest.mark.row("identity's events")
async def test_identity_tells_of_an_accounts_life(exchange, shop, admin, buyer):
    profile = await buyer.get("/api/customer_profile/me/")
    about = {"customer_id": profile["id"]}
    registered = await exchange.hears("identity.CustomerRegistered", **about)
    assert (registered["email"], registered["role"], registered["is_active"]) == (buyer.email, "customer", True)
    changed = {"preferences": {"order_emails": False, "marketing_emails": True}}
    await buyer.call("PATCH", "/api/customer_profile/me/", json=changed)
    assert (await exchange.hears("identity.CustomerUpdated", **about))["preferences"] == changed["preferences"]
    await shop.request("POST", "/api/password/forgot/", json={"email": buyer.email})
    asked = await exchange.hears("identity.PasswordResetRequested", **about)
    assert set(asked) == {"customer_id", "reset_id", "expires_at"}, "no link and no token travels in an event"
    await admin.call("DELETE", f"/api/admin/customers/{profile['id']}/")
    assert set(await exchange.hears("identity.CustomerDeleted", **about)) == {"customer_id"}


@pytest.mark.row("catalog's events")
async def test_catalog_tells_of_products_and_stock(exchange, admin, new_product):
    product = await new_product(stock=5, low_stock_threshold=3, price="12.50")
    about, path = {"product_id": product["id"]}, f"/api/products/{product['id']}/"
    created = await exchange.hears("catalog.ProductCreated", **about)
    assert (created["name"], created["price"], created["currency"], created["stock"]) == (
        product["name"],
        "12.50",
        "NGN",
        5,
    )
    await admin.call("PATCH", path, json={"price": "13.75"})
    assert (await exchange.hears("catalog.ProductUpdated", **about))["price"] == "13.75"
    await admin.call("POST", f"{path}stock/", json={"delta": -3, "reason": "damaged"})
    moved = await exchange.hears("catalog.StockChanged", **about, delta=-3)
    assert moved["stock"] == 2
    low = await exchange.hears("catalog.StockLow", **about)
    assert (low["stock"], low["threshold"]) == (2, 3)
    await admin.call("DELETE", path)
    await exchange.hears("catalog.ProductDeleted", **about)


@pytest.mark.row("orders' events", "payments' events")
async def test_orders_and_payments_tell_of_a_purchase_to_its_refund(exchange, buyer, admin, new_product):
    product = await new_product(price="12.50", stock=9)
    order = await buyer.buy(product["id"], 4)
    about = {"order_id": order["id"]}
    created = await exchange.hears("orders.OrderCreated", **about)
    assert (created["number"], created["total"], created["currency"]) == (order["number"], "50.00", "NGN")
    [line] = created["items"]
    assert (line["product_id"], line["quantity"], line["unit_price"]) == (product["id"], 4, "12.50")
    reference = await buyer.pay(order["id"])
    await exchange.hears("payments.PaymentInitiated", **about, reference=reference, amount="50.00")
    await exchange.hears("payments.PaymentSucceeded", **about, reference=reference, amount="50.00", channel="card")
    await exchange.hears("orders.OrderPaid", **about, reference=reference, total="50.00")
    await step(admin, order, "mark_as_shipped")
    await exchange.hears("orders.OrderShipped", **about)
    await step(admin, order, "mark_as_completed")
    await exchange.hears("orders.OrderCompleted", **about)
    await refund(admin, order)
    await exchange.hears("payments.RefundStarted", **about, amount="50.00", full=True)
    await exchange.hears("payments.PaymentRefunded", **about, amount="50.00", full=True)
    assert (await exchange.hears("orders.OrderRefunded", **about))["restock"] is False


@pytest.mark.row("orders' events")
async def test_orders_tells_of_a_cancellation_and_no_address_travels(exchange, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    await step(buyer, order, "cancel")
    cancelled = await exchange.hears("orders.OrderCancelled", order_id=order["id"])
    assert (cancelled["reason"], cancelled["paid"]) == ("customer", False)
    told = json.dumps([event for _, _, event in exchange.heard if event["subject"] == order["id"]])
    for private in (order["shipping_address"], order["billing_address"], buyer.email):
        assert private not in told


@pytest.mark.row("payments' events")
async def test_payments_tells_of_what_went_wrong(exchange, shop, buyer, admin, new_product):
    product = await new_product(stock=9)
    declined, held, paid = [await buyer.buy(product["id"]) for _ in range(3)]
    reference = await buyer.pay(declined["id"], "failed")
    await shop.request("GET", "/api/payment/callback/", params={"reference": reference})
    assert (await exchange.hears("payments.PaymentFailed", order_id=declined["id"]))["reason"]
    data = await buyer.begin_payment(held["id"])
    await simulate(shop, "settings", reference=data["reference"], amount_override=100)
    await shop.request("POST", data["authorization_url"], data={"outcome": "success"})
    wrong = await exchange.hears("payments.PaymentHeld", order_id=held["id"])
    assert (wrong["reason"], wrong["paid_amount"], wrong["amount"]) == ("amount_mismatch", "1.00", "1999.50")
    data = await buyer.begin_payment(paid["id"])
    card = {"card_number": "4084080000671803", "cvv": "180", "expiry": "12/30"}  # its refunds end as failed
    await shop.request("POST", data["authorization_url"], data=card)
    await buyer.becomes(paid["id"], "PROCESSING")
    dispute = await simulate(shop, f"transactions/{data['reference']}/dispute")
    await exchange.hears("payments.PaymentHeld", order_id=paid["id"], reason="disputed")
    await simulate(shop, f"disputes/{dispute['id']}/resolve", resolution="declined")
    await exchange.hears("payments.PaymentReleased", order_id=paid["id"], reference=data["reference"])
    await refund(admin, paid, amount="100.00")
    await exchange.hears("payments.RefundFailed", order_id=paid["id"], amount="100.00", status="FAILED")


@pytest.mark.row("notifications' events")
async def test_notifications_tells_how_a_mail_ended(exchange, shop, new_account):
    reached = await (await new_account()).get("/api/customer_profile/me/")
    sent = await exchange.hears("notifications.EmailSent", customer_id=reached["id"])
    assert (sent["kind"], sent["order_id"]) == ("welcome", None)
    await refuse_recipients(shop, probability=100)
    try:
        missed = await (await new_account()).get("/api/customer_profile/me/")
        failed = await exchange.hears("notifications.EmailFailed", customer_id=missed["id"])
    finally:
        await refuse_recipients(shop, probability=0)
    assert failed["kind"] == "welcome"
    assert failed["error"]


async def refuse_recipients(shop, *, probability):
    fault = {"Recipient": {"ErrorCode": 550, "Probability": probability}}
    answer = await shop.request("PUT", f"{shop.url('MAIL_URL')}/api/v1/chaos", json=fault)
    assert answer.status_code == 200, answer.text


@pytest.mark.row("AdminActed", "GET /api/admin/audit/")
async def test_what_admins_do_in_any_service_is_told_and_reaches_the_audit_log(
    exchange, buyer, admin, new_colleague, new_product
):
    product, note = await new_product(stock=9), secrets.token_hex(8)
    colleague = await (await new_colleague("staff")).get("/api/customer_profile/me/")
    order = await buyer.buy(product["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    await step(admin, order, "mark_as_shipped")
    await refund(admin, order, amount="1.00", reason=note)
    [mail, *_] = (await admin.get(f"/api/admin/notifications/?to={buyer.email}"))["results"]
    await admin.call("POST", f"/api/admin/notifications/{mail['id']}/resend/")
    [payment] = (await admin.get(f"/api/payment/?order={order['id']}"))["results"]
    objects = {
        "identity": colleague["id"],
        "catalog": product["id"],
        "orders": order["id"],
        "payments": payment["id"],
        "notifications": mail["id"],
    }
    for service, object_id in objects.items():
        acted = await exchange.hears(f"{service}.AdminActed", object_id=object_id)
        assert note not in json.dumps(acted)

        async def is_kept(acted=acted):
            kept = (await admin.get(f"/api/admin/audit/?object={acted['object_id']}"))["results"]
            return [row for row in kept if row["action"] == acted["action"] and row["actor"] == acted["actor_id"]]

        await eventually(is_kept, within=40)
