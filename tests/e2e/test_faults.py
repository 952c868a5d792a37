"""A process dies, or a server restarts, in the middle of a purchase: it ends right without a hand laid on."""

import asyncio

import pytest

from shopsite_common.testing.polling import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")
PROCESSES = [f"{service}-{role}" for service in SERVICES for role in ("api", "worker")]
GATEWAY = ["authz", "portal", "traefik", "paystack-simulator", "mail"]
SERVERS = ["redis", "rabbitmq", "postgres"]


async def purchase_with_kills(shop, account, product, victim):
    """Buy, and kill the victim four times: during the checkout, before the payment, during it, and afterwards."""
    account.patient = True
    await account.fill_cart(product["id"])
    checkout = account.check_out(**{"Idempotency-Key": f"order-{account.email}"})
    answer, _ = await asyncio.gather(checkout, shop.ctl("kill", victim))
    assert answer.status_code == 201, answer.text
    order = answer.json()
    await shop.ctl("kill", victim)
    reference, _ = await asyncio.gather(account.pay(order["id"]), shop.ctl("kill", victim))
    await shop.ctl("kill", victim)
    await account.becomes(order["id"], "PROCESSING", within=60)
    return order, reference


async def ends_right(shop, account, order, reference):
    async def all_mails():
        subjects = await shop.mails(account.email)
        paid = [subject for subject in subjects if "Payment received" in subject]
        placed = [subject for subject in subjects if subject.startswith("We have your order")]
        return len(paid) == 1 and len(placed) == 1

    await eventually(all_mails, within=60, every=0.5)
    assert (await account.get("/api/orders/"))["count"] == 1
    [transaction] = await shop.transactions(reference)
    assert (transaction["status"], transaction["refunds"]) == ("success", [])
    await eventually(lambda: cart_is_empty(account), within=60, every=0.5)


async def cart_is_empty(account):
    return (await account.get("/api/cart/me/"))["items"] == []


@pytest.mark.parametrize("victim", [*PROCESSES, *GATEWAY])
async def test_a_killed_process(shop, buyer, new_product, victim):
    product = await new_product(stock=3)
    order, reference = await purchase_with_kills(shop, buyer, product, victim)
    await ends_right(shop, buyer, order, reference)


@pytest.mark.parametrize("action", ["kill", "restart"])
@pytest.mark.parametrize("server", SERVERS)
async def test_a_server_that_restarts(shop, new_account, new_product, server, action):
    product = await new_product(stock=9)
    buyers = [await new_account() for _ in range(3)]
    for buyer in buyers:
        buyer.patient = True
        await buyer.fill_cart(product["id"])
    restart = asyncio.create_task(shop.ctl(action, server))
    answers = await asyncio.gather(*(buyer.check_out(**{"Idempotency-Key": buyer.email}) for buyer in buyers))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    await restart
    orders = [answer.json() for answer in answers]
    pairs = list(zip(buyers, orders, strict=True))
    references = await asyncio.gather(*(buyer.pay(order["id"]) for buyer, order in pairs))
    for (buyer, order), reference in zip(pairs, references, strict=True):
        await buyer.becomes(order["id"], "PROCESSING", within=60)
        await ends_right(shop, buyer, order, reference)
    shown = await shop.request("GET", f"/api/products/{product['id']}/", patient=True)
    assert shown.json()["stock"] == 6
