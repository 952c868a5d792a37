import asyncio

import pytest

from shopsite_common.errors import Unavailable
from shopsite_common.events import OrderCreated
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_orders.service import placing

pytestmark = pytest.mark.integration

ADDRESSES = {"shipping_address": " 123 Main St ", "billing_address": "456 Billing Ave"}


@pytest.fixture
def customer_id():
    return uuid7()


@pytest.fixture
def headers(tokens, customer_id):
    return tokens.headers(customer_id, email="grace@example.com")


async def checkout(client, headers, key=None, **changes):
    extra = {"Idempotency-Key": key} if key else {}
    return await client.post("/api/checkout/", json=ADDRESSES | changes, headers=headers | extra)


async def test_a_cart_becomes_an_order_with_names_and_prices_as_sold(client, headers, others, customer_id, session):
    mug, pen = others.catalog.sell("19.90", name="Mug"), others.catalog.sell("0.55", name="Pen")
    others.carts.put(mug, 3)
    others.carts.put(pen, 2)
    answer = await checkout(client, headers, expected_total="60.80")
    assert answer.status_code == 201
    order = answer.json()
    assert list(order) == [
        "id",
        "number",
        "customer",
        "status",
        "items",
        "total",
        "currency",
        "shipping_address",
        "billing_address",
        "tracking_number",
        "carrier",
        "history",
        "created_at",
        "updated_at",
    ]
    assert (order["status"], order["total"], order["currency"]) == ("CREATED", "60.80", "NGN")
    assert (order["customer"], order["shipping_address"]) == (str(customer_id), "123 Main St")
    assert order["items"][0] == {
        "product": str(mug),
        "name": "Mug",
        "unit_price": "19.90",
        "quantity": 3,
        "subtotal": "59.70",
    }
    assert [(entry["status"], entry["actor"]) for entry in order["history"]] == [("CREATED", "customer")]
    assert (await client.get(f"/api/orders/{order['id']}/", headers=headers)).json() == order
    event = emitted(session, "orders")[0]
    assert isinstance(event, OrderCreated)
    assert [item.cart_line_id for item in event.items] == [line.id for line in others.carts.lines]
    assert (event.payment_due_at - event.created_at).total_seconds() == 1800


async def test_an_empty_cart_is_400(client, headers, others):
    answer = await checkout(client, headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "cart_empty")


async def test_short_stock_is_409_with_what_is_available(client, headers, others):
    mug, gone = others.catalog.sell(stock=1), uuid7()
    others.carts.put(mug, 2)
    others.carts.put(gone, 1)
    answer = await checkout(client, headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")
    assert answer.json()["details"] == {str(mug): {"available": 1}, str(gone): {"available": 0}}


async def test_another_total_than_the_customer_has_seen_is_409(client, headers, others):
    others.carts.put(others.catalog.sell("10.00"))
    answer = await checkout(client, headers, expected_total="9.99")
    assert (answer.status_code, answer.json()["code"]) == (409, "total_changed")
    assert answer.json()["details"] == {"total": "10.00"}


@pytest.mark.parametrize(
    "changes",
    [
        {"shipping_address": ""},
        {"shipping_address": "   "},
        {"billing_address": "x" * 1001},
        {"billing_address": "a\x00b"},
        {"billing_address": None},
        {"total": "1.00"},
        {"status": "COMPLETED"},
        {"expected_total": "a lot"},
        {"expected_total": "1.001"},
        {"expected_total": "-1.00"},
    ],
)
async def test_a_body_off_the_schema_is_400_and_reserves_nothing(client, headers, others, changes):
    others.carts.put(others.catalog.sell())
    answer = await checkout(client, headers, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert others.catalog.reserved == {}


async def test_nobody_can_check_out(client, others):
    assert (await checkout(client, {})).status_code == 401


async def test_twenty_checkouts_of_one_cart_make_one_order(client, headers, others):
    mug = others.catalog.sell(stock=100)
    others.carts.put(mug, 2)
    answers = await asyncio.gather(*(checkout(client, headers) for _ in range(20)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"cart_line_already_ordered"}
    assert (await client.get("/api/orders/", headers=headers)).json()["count"] == 1
    assert others.catalog.products[mug][1] == 98


async def test_the_same_key_twenty_times_at_once_makes_one_order_and_gives_its_answer_again(client, headers, others):
    others.carts.put(others.catalog.sell())
    answers = await asyncio.gather(*(checkout(client, headers, key="k-1") for _ in range(20)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in made}) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_still_running"}
    again = await checkout(client, headers, key='"k-1"')
    assert (again.status_code, again.content) == (201, made[0].content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await checkout(client, headers, key="k-1", billing_address="elsewhere")
    assert other.status_code == 422


async def test_at_most_ten_unpaid_orders(client, headers, others, customer_id, shop):
    for _ in range(9):
        shop.place(customer_id=customer_id)
    others.carts.put(others.catalog.sell())
    assert (await checkout(client, headers)).status_code == 201
    others.carts.lines.clear()
    others.carts.put(others.catalog.sell())
    answer = await checkout(client, headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_unpaid_orders")
    assert len(others.catalog.reserved) == 1


async def test_the_cap_holds_for_checkouts_at_the_same_time(client, headers, others, customer_id, shop):
    for _ in range(9):
        shop.place(customer_id=customer_id)

    fake = others.carts
    product = others.catalog.sell()

    async def fresh(_token):
        content = type(fake)()
        content.put(product)
        return await type(fake).get_cart(content, "")

    fake.get_cart = fresh
    answers = await asyncio.gather(*(checkout(client, headers) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert others.catalog.products[product][1] == 99


async def test_a_reservation_is_given_back_when_the_order_cannot_be_made(client, headers, others, db):
    mug = others.catalog.sell(stock=5)
    others.carts.put(mug)
    reserve = others.catalog.reserve

    async def reserve_and_void(**values):
        found = await reserve(**values)
        await db.run(placing.void_reservation, order_id=values["order_id"])
        return found

    others.catalog.reserve = reserve_and_void
    answer = await checkout(client, headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "reservation_voided")
    assert others.catalog.products[mug][1] == 5
    assert (await client.get("/api/orders/", headers=headers)).json()["count"] == 0


async def test_a_reservation_is_kept_when_nobody_knows_whether_the_order_was_made(client, headers, others, monkeypatch):
    others.carts.put(others.catalog.sell())

    def lose_the_connection(*_args, **_values):
        raise Unavailable

    monkeypatch.setattr(placing, "place_order", lose_the_connection)
    answer = await checkout(client, headers)
    assert answer.status_code == 503
    assert others.catalog.given_back == []
    assert len(others.catalog.reserved) == 1


async def test_a_cart_that_is_down_is_503(client, headers, others):
    async def down(_token):
        raise Unavailable

    others.carts.get_cart = down
    answer = await checkout(client, headers)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
