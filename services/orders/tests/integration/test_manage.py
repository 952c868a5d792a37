import pytest

from shopsite_common.cli import run_service
from shopsite_common.ids import uuid7
from shopsite_orders.service import reading

pytestmark = pytest.mark.integration


def manage(*arguments):
    return run_service("shopsite_orders", ["manage", *map(str, arguments)])


def test_a_disputed_order_is_released(shop):
    order = shop.place()
    shop.pay(order)
    shop.hold(order, reason="disputed")
    assert manage("release-order", order.id) == 0
    assert not shop.db.run_here(reading.get_row, order_id=order.id).shipping_blocked
    kinds = [row.kind for row in shop.db.run_here(reading.get_timeline, order_id=order.id, customer_id=None)]
    assert kinds[-1] == "shipping_released"


def test_an_orders_story_is_printed(shop, capsys):
    order = shop.place()
    shop.decline(order)
    assert manage("story", order.id) == 0
    printed = capsys.readouterr().out
    assert "Order placed" in printed
    assert "Payment declined" in printed


@pytest.mark.parametrize("command", ["release-order", "story"])
def test_an_unknown_order_is_told_as_such(db, command, capsys):
    assert manage(command, uuid7()) == 1
    assert "no such order" in capsys.readouterr().err
