"""The worker and the commands as they run."""

from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import aio_pika
import orjson
import pytest

from shopsite_cart import service, worker
from shopsite_common.broker import connect
from shopsite_common.cli import run_service
from shopsite_common.events import EXCHANGE, ProductCreated
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import event_of
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.integration


def keep(db, product_id, price, sequence):
    product = service.ProductState(product_id, "Mug", Decimal(price), None, 10, sequence)
    db.run_here(service.keep_product, product=product)


async def test_the_worker_keeps_the_copy_up_to_date(environment, broker_url, db):
    environment.setenv("AMQP_URL", broker_url)
    product_id, customer_id = uuid7(), uuid7()
    created = ProductCreated(
        product_id=product_id, name="Mug", price=Decimal("19.90"), currency="NGN", image_url=None, stock=3
    )
    event = event_of(created)
    application = worker.create()
    async with (
        application.router.lifespan_context(application),
        await connect(broker_url, name="test", give_up_after=10) as broker,
    ):
        exchange = await (await broker.channel()).get_exchange(EXCHANGE)
        message = aio_pika.Message(event.model_dump_json().encode())
        await exchange.publish(message, routing_key=event.routing_key)

        def add():
            try:
                return db.run_here(service.add_product, customer_id=customer_id, product_id=product_id, quantity=1)
            except service.ProductsUnknown:
                return None

        cart = await eventually(add)
    assert [(line.name, line.price) for line in cart.lines] == [("Mug", Decimal("19.90"))]


@pytest.fixture
def catalog_server(environment):
    """A catalog over HTTP that knows one product."""
    known = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = known.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(orjson.dumps(found))

        def log_message(self, *_arguments):
            """The test's output is not the place for it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    environment.setenv("CATALOG_URL", f"http://127.0.0.1:{server.server_port}")
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_rebuild_renews_what_lies_in_carts(catalog_server, db, capsys):
    renewed, gone, customer_id = uuid7(), uuid7(), uuid7()
    for product_id in (renewed, gone):
        keep(db, product_id, "10.00", 1)
        db.run_here(service.add_product, customer_id=customer_id, product_id=product_id, quantity=1)
    catalog_server[f"/internal/products/{renewed}/"] = {
        "product_id": str(renewed),
        "name": "Mug, renewed",
        "price": "12.00",
        "image_url": None,
        "stock": 4,
        "sequence": 9,
    }
    assert run_service("shopsite_cart", ["manage", "rebuild-products"]) == 0
    assert "2 products renewed, 1 of them no longer sold" in capsys.readouterr().out
    lines = db.run_here(service.get_own_cart, customer_id=customer_id).lines
    assert [(line.name, line.price, line.deleted) for line in lines] == [
        ("Mug, renewed", Decimal("12.00"), False),
        ("Mug", Decimal("10.00"), True),
    ]


def test_a_rebuild_says_that_the_catalog_is_away(db, capsys):
    product_id = uuid7()
    keep(db, product_id, "10.00", 1)
    db.run_here(service.add_product, customer_id=uuid7(), product_id=product_id, quantity=1)
    assert run_service("shopsite_cart", ["manage", "rebuild-products"]) == 1
    assert "catalog is not available" in capsys.readouterr().err
