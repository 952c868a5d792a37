import aio_pika
import pytest

from shopsite_common.broker import connect
from shopsite_common.events import EXCHANGE
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually
from shopsite_notifications import worker

pytestmark = pytest.mark.integration


async def test_an_event_on_the_broker_becomes_one_mail_in_the_box(
    resources, environment, broker_url, sink, make, log, db
):
    environment.setenv("AMQP_URL", broker_url)
    application = worker.create()
    event = event_of(make.customer())
    async with application.router.lifespan_context(application), await connect(broker_url, name="test") as broker:
        channel = await broker.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        for _ in range(3):
            await exchange.publish(aio_pika.Message(event.model_dump_json().encode()), event.routing_key)
        await eventually(lambda: sink.taken)
        await eventually(lambda: log()[0].status == "SENT")
        queue = await channel.get_queue("notifications.on_customer_registered")
        await eventually(lambda: _is_empty(channel, queue.name))
    assert [taken.to for taken in sink.taken] == ["ada@example.com"]
    assert len(log()) == 1


async def _is_empty(channel, name):
    state = await channel.declare_queue(name, passive=True)
    return state.declaration_result.message_count == 0
