"""Two at once, on the real database: whatever wins, the order ends in one right way."""

import asyncio
from datetime import timedelta

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.errors import Conflict
from shopsite_common.events import OrderCancelled, OrderPaid, OrderShipped
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_orders.service import placing, reading, steps

pytestmark = pytest.mark.integration

ROUNDS = 10


async def both(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


def events_of(session, order, kind):
    return [event for event in emitted(session, "orders") if isinstance(event, kind) and event.order_id == order.id]


async def test_cancel_against_pay(shop, session):
    for _ in range(ROUNDS):
        order = shop.place()
        await both(
            shop.db.run(steps.cancel_order, order_id=order.id, user_id=order.customer_id, is_admin=False),
            asyncio.to_thread(shop.pay, order),
        )
        assert shop.db.run_here(reading.get_row, order_id=order.id).status == "CANCELLED"
        # money came, so the last word to payments is that it goes back
        assert events_of(session, order, OrderCancelled)[-1].paid
        assert len(events_of(session, order, OrderPaid)) <= 1


async def test_ship_against_cancel(shop, session):
    for _ in range(ROUNDS):
        order = shop.place()
        shop.pay(order)
        shipping = {"admin_id": uuid7(), "tracking_number": None, "carrier": None}
        ends = await both(
            shop.db.run(steps.ship_order, order_id=order.id, **shipping),
            shop.db.run(steps.cancel_order, order_id=order.id, user_id=order.customer_id, is_admin=False),
        )
        assert sum(isinstance(end, Conflict) for end in ends) == 1
        told = len(events_of(session, order, OrderShipped)), len(events_of(session, order, OrderCancelled))
        status = shop.db.run_here(reading.get_row, order_id=order.id).status
        assert (status, told) in {("SHIPPED", (1, 0)), ("CANCELLED", (0, 1))}


async def test_many_timers_end_each_order_once(shop, session):
    orders = [shop.place(term=timedelta(0)) for _ in range(12)]
    await both(*(shop.db.run(steps.cancel_overdue, now=utcnow(), limit=4) for _ in range(8)))
    for order in orders:
        assert len(events_of(session, order, OrderCancelled)) == 1


async def test_void_against_place(shop):
    for _ in range(ROUNDS):
        draft = shop.draft()
        placed, voided = await both(
            shop.db.run(placing.place_order, draft=draft, term=timedelta(hours=1), max_unpaid=10),
            shop.db.run(placing.void_reservation, order_id=draft.order_id),
        )
        assert isinstance(placed, Conflict) is voided


async def test_one_cart_line_in_two_customers_orders_is_ordered_once(shop):
    draft = shop.draft()
    other = shop.draft(*draft.lines)
    ends = await both(
        *(shop.db.run(placing.place_order, draft=one, term=timedelta(hours=1), max_unpaid=10) for one in (draft, other))
    )
    assert sum(isinstance(end, Conflict) for end in ends) == 1
