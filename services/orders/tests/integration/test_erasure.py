import pytest

from shopsite_common import idempotency
from shopsite_common.events import CustomerDeleted, OrderCancelled
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_orders.service import reading, steps

pytestmark = pytest.mark.integration


def row(shop, order):
    return shop.db.run_here(reading.get_row, order_id=order.id)


def person_in(shop, order):
    found = row(shop, order)
    return {found.customer_email, found.shipping_address, found.billing_address}


ERASED = {"[erased]"}


def test_final_orders_are_anonymised_at_once_and_the_others_when_they_are_final(shop, session):
    customer_id = uuid7()
    cancelled, paid, unpaid = (shop.place(customer_id=customer_id) for _ in range(3))
    stranger = shop.place()
    shop.db.run_here(steps.cancel_order, order_id=cancelled.id, user_id=customer_id, is_admin=False)
    shop.pay(paid)
    shop.hear(CustomerDeleted(customer_id=customer_id))
    assert person_in(shop, cancelled) == ERASED
    assert (row(shop, unpaid).status, person_in(shop, unpaid)) == ("CANCELLED", ERASED)
    assert "1 Main St" in person_in(shop, paid)
    assert "1 Main St" in person_in(shop, stranger)
    admin = uuid7()
    shop.db.run_here(steps.ship_order, order_id=paid.id, admin_id=admin, tracking_number=None, carrier=None)
    assert "1 Main St" in person_in(shop, paid)
    shop.db.run_here(steps.complete_order, order_id=paid.id, admin_id=admin)
    assert person_in(shop, paid) == ERASED
    reasons = [event.reason for event in emitted(session, "orders") if isinstance(event, OrderCancelled)]
    assert reasons == ["customer", "account_deleted"]


async def test_the_last_token_of_an_erased_account_orders_nothing(client, tokens, shop, others):
    customer_id = uuid7()
    shop.hear(CustomerDeleted(customer_id=customer_id))
    others.carts.put(others.catalog.sell())
    body = {"shipping_address": "a", "billing_address": "b"}
    answer = await client.post("/api/checkout/", json=body, headers=tokens.headers(customer_id))
    assert (answer.status_code, answer.json()["code"]) == (401, "account_erased")
    assert others.catalog.reserved == {}


async def test_idempotent_answers_of_an_erased_account_are_forgotten(client, tokens, shop, others, session):
    customer_id = uuid7()
    others.carts.put(others.catalog.sell())
    body = {"shipping_address": "a", "billing_address": "b"}
    headers = tokens.headers(customer_id) | {"Idempotency-Key": "k"}
    assert (await client.post("/api/checkout/", json=body, headers=headers)).status_code == 201
    shop.hear(CustomerDeleted(customer_id=customer_id))
    assert session.connection().execute(idempotency.keys.select()).all() == []
