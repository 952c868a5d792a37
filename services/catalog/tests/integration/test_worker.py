from datetime import timedelta

import aio_pika
import orjson
import pytest

from shopsite_catalog import worker
from shopsite_catalog.service import reservations
from shopsite_common.broker import connect
from shopsite_common.clock import utcnow
from shopsite_common.events import EXCHANGE, OrderCancelled
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.integration


async def test_a_cancellation_from_the_broker_brings_the_stock_back_and_the_caches_hear(
    broker_url, environment, client, make_product, db, stock_of
):
    environment.setenv("AMQP_URL", broker_url)
    product, order_id = make_product(stock=5), uuid7()
    db.run_here(
        reservations.reserve_stock,
        order_id=order_id,
        customer_id=uuid7(),
        lines=[(product, 2)],
        expected_total=None,
        hold=timedelta(minutes=2),
        currency="NGN",
    )
    cancelled = OrderCancelled(
        order_id=order_id,
        number="SO-1",
        customer_id=uuid7(),
        items=[],
        total="20.00",
        currency="NGN",
        reason="unpaid",
        paid=False,
        cancelled_at=utcnow(),
    )
    event = event_of(cancelled)
    assert (await client.get("/api/products/")).json()["results"][0]["stock"] == 3
    process = worker.create()

    async with (
        process.router.lifespan_context(process),
        await connect(broker_url, name="test", give_up_after=10) as broker,
    ):
        channel = await broker.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        body = orjson.dumps(event.model_dump(mode="json"))
        await exchange.publish(aio_pika.Message(body), event.routing_key)

        async def shown():
            return (await client.get("/api/products/")).json()["results"][0]["stock"] == 5

        await eventually(shown)

    assert stock_of(product) == 5
