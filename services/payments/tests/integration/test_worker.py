"""The worker as it runs: events from the broker in, events out, timers at work."""

import aio_pika
import orjson
import pytest

from shopsite_common.broker import connect
from shopsite_common.clock import utcnow
from shopsite_common.events import EXCHANGE, OrderCancelled, decode
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually
from shopsite_payments.worker import create

pytestmark = pytest.mark.integration


@pytest.fixture
async def broker(broker_url):
    async with await connect(broker_url, name="test", give_up_after=10) as connection:
        yield connection


@pytest.fixture
async def heard(broker):
    """Return the list of all events of payments that come by on the exchange."""
    channel = await broker.channel()
    exchange = await channel.get_exchange(EXCHANGE)
    queue = await channel.declare_queue("test.everything", durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, "payments.#")
    found = []

    async def hear(message):
        found.append(decode(message.body))
        await message.ack()

    await queue.consume(hear)
    yield found
    await queue.delete(if_unused=False, if_empty=False)


@pytest.fixture
async def worker(live, environment, broker_url):
    environment.setenv("AMQP_URL", broker_url)
    application = create()
    async with application.router.lifespan_context(application):
        yield application


async def publish(broker, data):
    channel = await broker.channel(on_return_raises=True)
    exchange = await channel.get_exchange(EXCHANGE)
    event = event_of(data)
    message = aio_pika.Message(orjson.dumps(event.model_dump(mode="json")), message_id=str(event.id), type=event.type)
    await exchange.publish(message, event.routing_key)


async def test_from_paying_to_the_money_back_without_a_hand(
    worker, live, client, orders, headers, simulator, broker, heard
):
    order = orders.place()
    body = {"order_id": str(order.order_id)}
    data = (await client.post("/api/pay/", json=body, headers=headers(order.customer_id))).json()["data"]
    await simulator.page(data["authorization_url"], outcome="success")

    def names():
        return [event.type.split(".")[2] for event in heard]

    await eventually(lambda: names() == ["PaymentInitiated", "PaymentSucceeded"], within=20)
    cancelled = OrderCancelled(
        order_id=order.order_id,
        number=order.number,
        customer_id=order.customer_id,
        items=[],
        total=order.total,
        currency=order.currency,
        reason="customer",
        paid=True,
        cancelled_at=utcnow(),
    )
    await publish(broker, cancelled)
    await publish(broker, cancelled)
    await eventually(lambda: names()[2:] == ["RefundStarted", "PaymentRefunded"], within=30)
    assert [event.sequence for event in heard] == [1, 2, 3, 4]
    [refund] = (await simulator.transactions())[data["reference"]]["refunds"]
    assert refund["status"] == "processed"
