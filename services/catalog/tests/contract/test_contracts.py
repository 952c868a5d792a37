import json

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shopsite_catalog.consumers import HANDLERS
from shopsite_catalog.main import create
from shopsite_catalog.models import METADATA
from shopsite_catalog.schemas.products import ProductOut, product_document
from shopsite_catalog.worker import timers_of
from shopsite_common.outbox import metadata as messaging
from shopsite_common.worker import create_worker


@pytest.mark.integration
def test_models_and_migrations_agree(db):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [*METADATA, messaging]) == []


@pytest.fixture
def document(environment):
    return create().openapi()


@pytest.mark.integration
def test_the_documents_name_every_public_path_and_no_other(document):
    operations = {(method, path) for path, methods in document["paths"].items() for method in methods}

    assert operations == {
        ("get", "/api/products/"),
        ("post", "/api/products/"),
        ("get", "/api/products/{product_id}/"),
        ("put", "/api/products/{product_id}/"),
        ("patch", "/api/products/{product_id}/"),
        ("delete", "/api/products/{product_id}/"),
        ("get", "/api/products/{product_id}/reviews/"),
        ("post", "/api/products/{product_id}/images/"),
        ("delete", "/api/products/{product_id}/images/{image_id}/"),
        ("post", "/api/products/{product_id}/stock/"),
        ("get", "/api/products/{product_id}/stock/"),
        ("get", "/api/categories/"),
        ("get", "/api/admin/inventory/low/"),
        ("get", "/api/reviews/"),
        ("post", "/api/reviews/"),
        ("get", "/api/reviews/{review_id}/"),
        ("put", "/api/reviews/{review_id}/"),
        ("patch", "/api/reviews/{review_id}/"),
        ("delete", "/api/reviews/{review_id}/"),
    }


@pytest.mark.integration
def test_every_operation_has_an_id_a_description_an_area_and_its_errors(document):
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["description"]
        assert operation["tags"]
        assert "401" in operation["responses"]
        assert "503" in operation["responses"]
        assert "422" not in operation["responses"]
    assert "/internal/" not in json.dumps(document)


def test_the_fast_body_is_what_the_schema_says():
    class Row:
        def __getattr__(self, name):
            return {"price": 1, "rating_average": 4.5, "stock": 0}.get(name)

    assert list(product_document(Row(), "NGN")) == list(ProductOut.model_fields)


def test_each_handler_has_a_queue_of_its_own():
    assert [(each.queue, [event.binding_key() for event in each.events]) for each in HANDLERS] == [
        ("catalog.on_order_created", ["orders.OrderCreated.v1"]),
        ("catalog.on_order_paid", ["orders.OrderPaid.v1"]),
        ("catalog.on_order_cancelled", ["orders.OrderCancelled.v1"]),
        ("catalog.on_order_refunded", ["orders.OrderRefunded.v1"]),
        ("catalog.on_customer_updated", ["identity.CustomerUpdated.v1"]),
        ("catalog.on_customer_deleted", ["identity.CustomerDeleted.v1"]),
    ]


@pytest.mark.integration
async def test_the_worker_has_health_routes_and_its_timers(app):
    own = app.state.resources
    assert create_worker(own, HANDLERS, timers_of(own)).title
    assert [timer.name for timer in timers_of(own)] == [
        "expire-reservations",
        "refresh-caches",
        "destroy-pictures",
        "measure-stock",
        "give-up-uploads",
    ]
