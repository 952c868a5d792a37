"""`make demo` tells the truth about a purchase."""

import asyncio

import pytest

from shopsite_local.demo import Demo

pytestmark = pytest.mark.e2e


async def test_it_buys_and_shows_steps_mails_and_events(shop):
    lines = []
    await asyncio.to_thread(Demo(shop.known, lines.append).run)
    shown = "\n".join(lines)
    assert "is PROCESSING" in shown
    assert "complete it: 200" in shown
    assert "We have your order" in shown
    for event in ("orders.OrderCreated.v1", "payments.PaymentSucceeded.v1", "orders.OrderPaid.v1"):
        assert event in shown


async def test_it_shows_nobody_elses_events(shop, new_account):
    lines = []
    await asyncio.gather(asyncio.to_thread(Demo(shop.known, lines.append).run), new_account(), new_account())
    assert sum("identity.CustomerRegistered" in line for line in lines) == 1
