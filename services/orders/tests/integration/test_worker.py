"""The worker as it runs: consumers, relay and timer on real servers."""

from datetime import timedelta

import aio_pika
import pytest

from shopsite_common.broker import connect
from shopsite_common.events import EXCHANGE, PaymentSucceeded, decode
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually
from shopsite_orders import worker
from shopsite_orders.service import reading

pytestmark = pytest.mark.integration


async def test_a_payment_comes_in_and_a_paid_and_a_cancelled_order_go_out(environment, broker_url, shop, db):
    environment.setenv("AMQP_URL", broker_url)
    environment.setenv("EXPIRY_CHECK_SECONDS", "0.1")
    paid, late = shop.place(), shop.place(term=timedelta(0))
    payment = PaymentSucceeded(**shop._about(paid), channel="card", paid_at=paid.created_at)
    event = event_of(payment)

    def status_of(order):
        return db.run_here(reading.get_row, order_id=order.id).status

    async with await connect(broker_url, name="test", give_up_after=10) as broker:
        channel = await broker.channel()
        queue = await channel.declare_queue("heard", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(EXCHANGE, "orders.#")
        application = worker.create()
        async with application.router.lifespan_context(application):
            exchange = await channel.get_exchange(EXCHANGE)
            body = event.model_dump_json().encode()
            await exchange.publish(aio_pika.Message(body), routing_key=event.routing_key)
            await eventually(lambda: (status_of(paid), status_of(late)) == ("PROCESSING", "CANCELLED"))
            heard = set()

            async def all_heard():
                message = await queue.get(fail=False)
                if message is not None:
                    await message.ack()
                    told = decode(message.body)
                    heard.add((told.subject, told.type))
                return {
                    (str(paid.id), "shopsite.orders.OrderPaid.v1"),
                    (str(late.id), "shopsite.orders.OrderCancelled.v1"),
                } <= heard

            await eventually(all_heard)
