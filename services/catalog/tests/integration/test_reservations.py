import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_catalog.errors import OutOfStock
from shopsite_catalog.service import reservations, stock
from shopsite_catalog.worker import expire_reservations
from shopsite_common.db import Database
from shopsite_common.errors import Unavailable
from shopsite_common.events import StockChanged, StockLow
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted

pytestmark = pytest.mark.integration


def reserve_here(db, *lines, order_id=None, expected_total=None, hold=timedelta(minutes=2)):
    return db.run_here(
        reservations.reserve_stock,
        order_id=order_id or uuid7(),
        customer_id=uuid7(),
        lines=lines,
        expected_total=expected_total,
        hold=hold,
        currency="NGN",
    )


async def test_a_reservation_takes_the_stock_and_answers_names_and_prices(
    make_product, stock_of, ledger, reserve, session
):
    shirt, pen = make_product(name="Shirt", price="12.50", stock=5), make_product(name="Pen", price="1.00", stock=3)
    order_id = uuid7()

    answer = await reserve((pen, 1), (shirt, 2), (pen, 1), order_id=order_id, expected_total="27.00")

    body = answer.json()
    assert answer.status_code == 201
    assert (body["order_id"], body["currency"]) == (str(order_id), "NGN")
    assert body["lines"] == [
        {"product_id": str(shirt), "name": "Shirt", "unit_price": "12.50", "quantity": 2},
        {"product_id": str(pen), "name": "Pen", "unit_price": "1.00", "quantity": 2},
    ]
    assert (stock_of(shirt), stock_of(pen)) == (3, 1)
    assert ledger(pen) == [("initial", 3, 3), ("reservation", -2, 1)]
    told = [event for event in emitted(session, "catalog") if isinstance(event, StockChanged | StockLow)]
    assert [(type(event), event.product_id, event.stock) for event in told] == [
        (StockChanged, shirt, 3),
        (StockChanged, pen, 1),
        (StockLow, pen, 1),
    ]


async def test_the_same_order_again_gets_the_same_answer(make_product, stock_of, reserve):
    shirt, order_id = make_product(stock=5), uuid7()

    first = await reserve((shirt, 2), order_id=order_id)
    again = await reserve((shirt, 2), order_id=order_id)
    other = await reserve((shirt, 3), order_id=order_id)

    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert again.json() == first.json()
    assert other.json()["code"] == "reservation_differs"
    assert stock_of(shirt) == 3


async def test_all_lines_are_taken_or_none(make_product, stock_of, reserve, client, staff):
    shirt, pen, gone = make_product(stock=5), make_product(stock=1), make_product(stock=9)
    await client.delete(f"/api/products/{gone}/", headers=staff)
    unknown = uuid7()

    answer = await reserve((shirt, 2), (pen, 2), (gone, 1), (unknown, 1), expected_total="1.00")

    assert answer.status_code == 409
    assert answer.json()["code"] == "out_of_stock"
    assert answer.json()["details"] == {
        str(pen): {"available": 1},
        str(gone): {"available": 0},
        str(unknown): {"available": 0},
    }
    assert (stock_of(shirt), stock_of(pen)) == (5, 1)


async def test_another_total_than_expected_reserves_nothing(make_product, stock_of, reserve):
    shirt, order_id = make_product(price="10.00", stock=5), uuid7()

    refused = await reserve((shirt, 2), order_id=order_id, expected_total="19.99")
    accepted = await reserve((shirt, 2), order_id=order_id, expected_total="20.00")

    assert (refused.status_code, refused.json()["code"]) == (409, "total_changed")
    assert refused.json()["details"] == {"total": "20.00"}
    assert accepted.status_code == 201
    assert stock_of(shirt) == 3


async def test_a_reservation_that_was_given_back_bars_its_id(
    make_product, stock_of, ledger, reserve, client, by_orders
):
    shirt, order_id, early = make_product(stock=5), uuid7(), uuid7()
    await reserve((shirt, 2), order_id=order_id)

    for each in (order_id, order_id, early):
        assert (await client.delete(f"/internal/reservations/{each}/", headers=by_orders)).status_code == 204
    late = [await reserve((shirt, 2), order_id=each) for each in (order_id, early)]

    assert [(answer.status_code, answer.json()["code"]) for answer in late] == [(409, "reservation_voided")] * 2
    assert stock_of(shirt) == 5
    assert ledger(shirt)[1:] == [("reservation", -2, 3), ("release", 2, 5)]


async def test_only_orders_may_reserve(client, by_cart, tokens):
    body = {"order_id": str(uuid7()), "customer_id": str(uuid7()), "lines": []}

    for headers, status in (({}, 401), (tokens.headers(), 401), (by_cart, 403)):
        assert (await client.post("/internal/reservations/", json=body, headers=headers)).status_code == status
        assert (await client.delete(f"/internal/reservations/{uuid7()}/", headers=headers)).status_code == status


def test_the_last_piece_goes_to_exactly_one_of_two_hundred(make_product, stock_of, ledger, settings):
    product = make_product(stock=1)
    database = Database(settings.service_database_url, places=16)

    def buy(_):
        try:
            return reserve_here(database, (product, 1))[0]
        except OutOfStock as error:
            return error.details

    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(buy, range(200)))
    database.close()

    assert outcomes.count(True) == 1
    assert outcomes.count({str(product): {"available": 0}}) == 199
    assert stock_of(product) == 0
    assert ledger(product) == [("initial", 1, 1), ("reservation", -1, 0)]


def test_orders_that_cross_each_other_end_and_add_up(make_product, stock_of, settings, db):
    ids = [make_product(stock=40) for _ in range(6)]
    database = Database(settings.service_database_url, places=16)

    def buy(number):
        lines = [(product, 1) for product in (ids if number % 2 else reversed(ids))]
        try:
            return reserve_here(database, *lines)[0]
        except OutOfStock:
            return False

    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(buy, range(60)))
    database.close()

    assert sum(outcomes) == 40
    assert [stock_of(product) for product in ids] == [0] * 6
    assert db.run_here(stock.recount_stock) == []


async def test_one_order_sent_many_times_at_once_reserves_once(make_product, stock_of, reserve):
    shirt, order_id = make_product(stock=5), uuid7()

    answers = await asyncio.gather(*(reserve((shirt, 2), order_id=order_id) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert stock_of(shirt) == 3


async def test_stock_of_an_order_that_never_came_is_given_back(own, db, make_product, stock_of, ledger):
    product, order_id = make_product(stock=5), uuid7()
    reserve_here(db, (product, 2), order_id=order_id, hold=timedelta(seconds=-1))
    reserve_here(db, (product, 1))

    assert await expire_reservations(own) == 1
    assert await expire_reservations(own) == 0

    assert own.orders.voided == [order_id]
    assert stock_of(product) == 4
    assert ledger(product)[-1] == ("release", 2, 4)


async def test_an_order_that_is_known_keeps_its_stock(own, db, make_product, stock_of):
    product, order_id = make_product(stock=5), uuid7()
    reserve_here(db, (product, 2), order_id=order_id, hold=timedelta(seconds=-1))
    own.orders.known.add(order_id)

    assert await expire_reservations(own) == 0

    assert stock_of(product) == 3
    assert db.run_here(reservations.list_expired, limit=10) == []


async def test_with_orders_down_the_stock_stays_reserved(own, db, make_product, stock_of):
    product, order_id = make_product(stock=5), uuid7()
    reserve_here(db, (product, 2), order_id=order_id, hold=timedelta(seconds=-1))
    own.orders.down = True

    with pytest.raises(Unavailable):
        await expire_reservations(own)

    assert stock_of(product) == 3
    assert db.run_here(reservations.list_expired, limit=10) == [order_id]


def test_a_ledger_that_does_not_add_up_is_found(db, make_product):
    make_product(stock=5)
    product = make_product(stock=5)
    forged = text("UPDATE products SET stock = 9 WHERE id = :id")
    db.run_here(lambda session: session.connection().execute(forged, {"id": product}))

    found = db.run_here(stock.recount_stock)

    assert [(row.id, row.stock, row.ledger) for row in found] == [(product, 9, Decimal(5))]
