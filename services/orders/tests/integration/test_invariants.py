"""What the worker recounts of its own orders."""

from datetime import timedelta

import pytest

from shopsite_common.clock import utcnow
from shopsite_orders.service import steps

pytestmark = pytest.mark.integration


def test_an_unpaid_order_that_nobody_ends_is_found(shop, db):
    forgotten, _ = shop.place(term=timedelta(minutes=-2)), shop.place()
    assert db.run_here(steps.list_forgotten) == [forgotten.id]
    db.run_here(steps.cancel_overdue, now=utcnow())
    assert db.run_here(steps.list_forgotten) == []


def test_money_that_waits_for_an_admin_rests_the_deadline(shop, db):
    order = shop.place(term=timedelta(minutes=-2))
    shop.hold(order, until=utcnow() + timedelta(hours=1))
    assert db.run_here(steps.list_forgotten) == []
