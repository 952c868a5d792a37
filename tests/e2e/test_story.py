"""`make story` tells what happened around an order."""

import asyncio

import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.polling import eventually
from shopsite_local.problems import RunnerError
from shopsite_local.story import Storyteller

pytestmark = pytest.mark.e2e


@pytest.fixture
def story_of(shop):
    """Return a function that has an order's story told, as one text."""

    async def tell(name):
        lines = []
        await asyncio.to_thread(Storyteller(shop.known, lines.append).tell, name)
        return "\n".join(lines)

    return tell


async def test_it_tells_steps_events_payment_and_mails_by_number_and_by_id(buyer, new_product, story_of):
    product = await new_product()
    order = await buyer.buy(product["id"], 2)
    reference = await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING", within=60)

    async def whole():
        told = await story_of(order["number"])
        return told if "E-mail sent: payment confirmation" in told else None

    told = await eventually(whole, within=60, every=0.5)
    assert told == await story_of(order["id"])
    assert told.startswith(f"{order['number']}  PROCESSING  NGN 3999.00")
    assert f"payment {reference}: SUCCEEDED by card" in told
    steps = [
        f"2 x {product['name']}, 1999.50 each",
        f"Order placed, stock reserved  [customer {order['customer']}]",
        "-> orders.OrderCreated.v1",
        "<- payments.PaymentInitiated.v1",
        "Payment received  [payments]",
        "brought_by ",
        "<- payments.PaymentSucceeded.v1",
        "-> orders.OrderPaid.v1",
        "E-mail sent: payment confirmation  [notifications]",
    ]
    assert sorted(steps, key=told.index) == steps
    assert told.count("trace ") == told.count("\n\n")


@pytest.mark.parametrize("name", [str(uuid7()), "SO-20200101-AAAAAA", "SO-20991231-AAAAAA"])
async def test_an_unknown_order_is_a_sentence(story_of, name):
    with pytest.raises(RunnerError, match=f"There is no order {name}"):
        await story_of(name)


@pytest.mark.parametrize("name", ["", "the last one", "SO-2026"])
async def test_what_is_no_orders_name_says_what_one_looks_like(story_of, name):
    with pytest.raises(RunnerError, match="neither an order's id nor its number"):
        await story_of(name)
