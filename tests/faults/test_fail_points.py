"""A process is killed between two steps that no transaction joins. Really killed, and each time at that very instant.

The shop has no hook for this: the instant is made from outside. A stopped process, a lock on a table or a network that
holds what it carries keep the process between its two steps, the database shows that it stands there, and then it dies.
"""

import asyncio

import pytest

from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TIMES = range(20) if is_long_run() else range(1)
CONSUMERS = ("catalog", "cart", "orders", "payments", "notifications", "identity")
UNSENT = "SELECT count(*) FROM orders.outbox WHERE subject = %s AND sent_at IS NULL"


async def placed_once(shop, buyer):
    """Wait for the mail that tells of an order, and for its cart to be empty; neither comes twice."""

    async def told() -> bool:
        return "We have your order" in " ".join(await shop.mails(buyer.email))

    await eventually(told, within=60, every=0.2)
    await eventually(lambda: cart_is_empty(buyer), within=60, every=0.2)


async def cart_is_empty(buyer) -> bool:
    return (await buyer.get("/api/cart/me/"))["items"] == []


async def told_once(shop, buyer) -> None:
    subjects = [subject for subject in await shop.mails(buyer.email) if subject.startswith("We have your order")]
    assert len(subjects) == 1


@pytest.fixture
async def patient_buyer(buyer):
    buyer.patient = True
    return buyer


@pytest.mark.parametrize("time", TIMES)
async def test_orders_dies_after_the_commit_and_before_it_publishes(shop, observer, patient_buyer, new_product, time):
    product = await new_product()
    await shop.ctl("pause", "orders-worker")
    order = await patient_buyer.buy(product["id"])
    assert await observer.value(UNSENT, order["id"]) == 1
    await shop.ctl("kill", "orders-worker")
    await placed_once(shop, patient_buyer)
    await eventually(lambda: all_sent(observer, order), within=30)
    await told_once(shop, patient_buyer)


async def all_sent(observer, order) -> bool:
    return await observer.value(UNSENT, order["id"]) == 0


@pytest.mark.parametrize("time", TIMES)
async def test_orders_dies_after_it_has_published_and_before_it_marks(shop, observer, patient_buyer, new_product, time):
    product = await new_product()
    await shop.ctl("pause", "orders-worker")
    order = await patient_buyer.buy(product["id"])
    async with observer.writers_held("orders.outbox"):
        await shop.ctl("resume", "orders-worker")
        await placed_once(shop, patient_buyer)
        await observer.somebody_waits("orders", "UPDATE outbox")
        await shop.ctl("kill", "orders-worker")
    assert await observer.value(UNSENT, order["id"]) == 1, "published, and yet not marked"
    await eventually(lambda: all_sent(observer, order), within=60)
    another = await patient_buyer.buy(product["id"])
    await eventually(lambda: has_mails(shop, patient_buyer, another["number"]), within=60, every=0.2)
    assert await has_mails(shop, patient_buyer, order["number"])


async def has_mails(shop, buyer, number: str, count: int = 1) -> bool:
    subjects = await shop.mails(buyer.email)
    return len([subject for subject in subjects if number in subject]) == count


@pytest.mark.parametrize("time", TIMES)
async def test_notifications_dies_after_its_commit_and_before_it_acknowledges(
    shop, observer, patient_buyer, new_product, time
):
    product = await new_product()
    waiting = "SELECT count(*) FROM notifications.emails WHERE order_id = %s"
    async with observer.writers_held("notifications.inbox"):
        order = await patient_buyer.buy(product["id"])
        await observer.somebody_waits("notifications", "INSERT INTO inbox")
        await shop.network("amqp", "blackhole")
    await eventually(lambda: observer.value(waiting, order["id"]), within=30)
    await shop.ctl("kill", "notifications-worker")
    await shop.network("amqp", "reset")
    await shop.heal_network()
    await placed_once(shop, patient_buyer)
    another = await patient_buyer.buy(product["id"])
    await eventually(lambda: has_mails(shop, patient_buyer, another["number"]), within=60, every=0.2)
    assert await has_mails(shop, patient_buyer, order["number"])
    assert await observer.value(waiting, order["id"]) == 1


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("consumer", CONSUMERS)
async def test_a_consumer_dies_in_the_middle_of_its_handler(
    shop, observer, patient_buyer, new_product, admin, consumer, time
):
    product = await new_product(stock=10)
    handled = f"SELECT count(*) FROM {consumer}.inbox"
    async with observer.writers_held(f"{consumer}.inbox"):
        order, _ = await asyncio.gather(patient_buyer.buy(product["id"]), touch(admin, product))
        await patient_buyer.pay(order["id"])
        await observer.somebody_waits(consumer, "INSERT INTO inbox")
        before = await observer.value(handled)
        await shop.ctl("kill", f"{consumer}-worker")
    await eventually(lambda: more_than(observer, handled, before), within=90, every=0.2)
    await patient_buyer.becomes(order["id"], "PROCESSING", within=90)
    await placed_once(shop, patient_buyer)
    await eventually(lambda: has_mails(shop, patient_buyer, order["number"], 2), within=60, every=0.2)
    assert await stock_of(observer, product) == 9


async def more_than(observer, query, count) -> bool:
    return await observer.value(query) > count


async def touch(admin, product) -> None:
    """Change a product, so that whoever keeps a copy or the audit log hears of it."""
    answer = await admin.call("PATCH", f"/api/products/{product['id']}/", json={"price": "2100.00"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("time", TIMES)
async def test_orders_dies_after_the_stock_is_reserved_and_before_the_order_is_written(
    shop, observer, buyer, new_product, time
):
    product = await new_product(stock=5)
    await buyer.fill_cart(product["id"])
    async with observer.writers_held("orders.orders"):
        checkout = asyncio.create_task(buyer.check_out())
        await observer.somebody_waits("orders", "INSERT INTO orders")
        await shop.ctl("kill", "orders-api")
        assert (await checkout).status_code == 502
    assert await stock_of(observer, product) == 4, "reserved for an order that nobody will write"
    buyer.patient = True
    answer = await buyer.check_out()
    assert answer.status_code == 201, answer.text
    assert await stock_of(observer, product) == 3
    await eventually(lambda: stock_is(observer, product, 4), within=90, every=0.5)
    assert (await buyer.get("/api/orders/"))["count"] == 1
    await buyer.pay(answer.json()["id"])
    await buyer.becomes(answer.json()["id"], "PROCESSING", within=60)
    assert await stock_of(observer, product) == 4


async def stock_of(observer, product) -> int:
    return int(await observer.value("SELECT stock FROM catalog.products WHERE id = %s", product["id"]))


async def stock_is(observer, product, count) -> bool:
    return await stock_of(observer, product) == count


@pytest.mark.parametrize("time", TIMES)
async def test_notifications_dies_when_the_mail_is_out_and_before_it_writes_so(
    shop, observer, patient_buyer, new_product, time
):
    product = await new_product()
    order = await patient_buyer.buy(product["id"])
    await eventually(lambda: has_mails(shop, patient_buyer, order["number"]), within=60, every=0.2)
    await shop.network("smtp", "blackhole")
    await patient_buyer.pay(order["id"])
    leased = "SELECT count(*) FROM notifications.emails WHERE order_id = %s AND kind = %s AND leased_until IS NOT NULL"
    await eventually(lambda: observer.value(leased, order["id"], "payment_confirmation"), within=30)
    async with observer.writers_held("notifications.emails"):
        await shop.heal_network()
        await eventually(lambda: has_mails(shop, patient_buyer, order["number"], 2), within=30)
        await observer.somebody_waits("notifications", "UPDATE emails")
        await shop.ctl("kill", "notifications-worker")
    sent = "SELECT count(*) FROM notifications.emails WHERE order_id = %s AND status = 'SENT'"
    await eventually(lambda: all_are_sent(observer, sent, order), within=60, every=0.5)
    ids = await message_ids(shop, patient_buyer, "Payment received")
    assert len(set(ids)) == 1, "a mail that comes twice says that it is the same"


async def all_are_sent(observer, query, order) -> bool:
    return await observer.value(query, order["id"]) == 2


async def message_ids(shop, buyer, subject) -> list[str]:
    base = shop.url("MAIL_URL")
    found = await shop.request("GET", f"{base}/api/v1/search", patient=True, params={"query": f"to:{buyer.email}"})
    return [mail["MessageID"] for mail in found.json()["messages"] if subject in mail["Subject"]]
