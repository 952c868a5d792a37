"""Figures against a recount in plain Python."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7
from shopsite_orders.service import steps

pytestmark = pytest.mark.integration

URL = "/api/admin/analytics/sales/"


@pytest.fixture
def admin(tokens):
    return tokens.headers(role="admin")


async def figures(client, admin, **params):
    answer = await client.get(URL, params=params, headers=admin)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_empty_shop_has_thirty_empty_days(client, admin, db):
    found = await figures(client, admin)
    assert found["totals"] == {"orders": 0, "revenue": "0.00", "average_order_value": "0.00"}
    assert len(found["series"]) == 30
    assert found["series"][-1] == {"start": utcnow().date().isoformat(), "orders": 0, "revenue": "0.00"}
    assert set(found["by_status"].values()) == {0}
    assert (found["top_products"], found["top_customers"], found["currency"]) == ([], [], "NGN")


class Recount:
    """What the endpoint should say, added up in Python from what the test did."""

    def __init__(self):
        self.paid, self.refunded, self.customers, self.days = {}, defaultdict(Decimal), {}, {}

    def net(self, order_id):
        return max(self.paid[order_id] - self.refunded[order_id], Decimal(0))

    @property
    def revenue(self):
        return sum((self.net(order_id) for order_id in self.paid), Decimal(0))

    def by(self, key_of):
        sums = defaultdict(Decimal)
        for order_id in self.paid:
            sums[key_of[order_id]] += self.net(order_id)
        return sums


def trade(shop, chance):
    """Place, pay, cancel, refund and pay late by chance; return the recount."""
    recount = Recount()
    products = [uuid7() for _ in range(4)]
    customers = [uuid7() for _ in range(3)]
    today = utcnow()
    for number in range(40):
        lines = [
            shop.line(
                f"{chance.randint(1, 99999) / 100:.2f}", chance.randint(1, 7), product_id=product, name=f"P{number}"
            )
            for product in chance.sample(products, chance.randint(1, 3))
        ]
        order = shop.place(*lines, customer_id=customers[number % 3])
        fate = chance.choice(["unpaid", "late", "paid", "paid", "part", "parts", "full", "duplicate"])
        if fate == "late":
            shop.db.run_here(steps.cancel_order, order_id=order.id, user_id=order.customer_id, is_admin=False)
        if fate != "unpaid":
            day = today - timedelta(days=chance.randint(0, 25))
            shop.pay(order, at=day)
        if fate == "late":
            shop.finish_refund(order, reason="late_payment")
        if fate in {"unpaid", "late"}:
            continue
        recount.paid[order.id], recount.customers[order.id] = order.total, str(order.customer_id)
        recount.days[order.id] = day.date().isoformat()
        refunds = {
            "part": [Decimal("0.01")],
            "parts": [Decimal("0.02"), order.total / 3],
            "full": [order.total],
        }.get(fate, [])
        for amount in refunds:
            exact = amount.quantize(Decimal("0.01"))
            shop.finish_refund(order, str(exact), full=exact == order.total)
            recount.refunded[order.id] += exact
        if fate == "duplicate":
            shop.finish_refund(order, reason="duplicate_payment", full=False)
        failing = uuid7()
        shop.start_refund(order, "0.01", refund_id=failing, full=False, sequence=1)
        shop.fail_refund(order, "0.01", refund_id=failing, full=False, sequence=2)
    return recount


@pytest.mark.parametrize("seed", range(3))
async def test_every_figure_equals_the_recount_to_the_cent(client, admin, shop, seed):
    recount = trade(shop, random.Random(seed))
    found = await figures(client, admin)
    assert found["totals"]["orders"] == len(recount.paid)
    assert Decimal(found["totals"]["revenue"]) == recount.revenue
    average = (recount.revenue / len(recount.paid)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    assert Decimal(found["totals"]["average_order_value"]) == average
    days = {slot["start"]: Decimal(slot["revenue"]) for slot in found["series"] if slot["orders"]}
    assert days == recount.by(recount.days)
    customers = {entry["customer"]: Decimal(entry["revenue"]) for entry in found["top_customers"]}
    assert customers == recount.by(recount.customers)
    assert sum(Decimal(entry["revenue"]) for entry in found["top_products"]) == recount.revenue
    assert sum(found["by_status"].values()) == 40
    assert Counter({status: n for status, n in found["by_status"].items() if n})["PROCESSING"] > 0
    revenues = [Decimal(entry["revenue"]) for entry in found["top_products"]]
    assert revenues == sorted(revenues, reverse=True)


async def test_a_part_refund_lowers_each_product_in_proportion(client, admin, shop):
    cheap, dear = uuid7(), uuid7()
    order = shop.place(shop.line("10.00", 1, product_id=cheap), shop.line("30.00", 1, product_id=dear))
    shop.pay(order)
    shop.finish_refund(order, "10.00", full=False)
    found = await figures(client, admin)
    assert {entry["product"]: entry["revenue"] for entry in found["top_products"]} == {
        str(dear): "22.50",
        str(cheap): "7.50",
    }


async def test_both_ends_of_a_period_are_included_and_nothing_beside_them(client, admin, shop):
    for moment in (
        datetime(2026, 3, 1, 0, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 3, 0, 0, 0, tzinfo=UTC),
    ):
        shop.pay(shop.place(), at=moment)
    found = await figures(client, admin, **{"from": "2026-03-01", "to": "2026-03-02"})
    assert [(slot["start"], slot["orders"]) for slot in found["series"]] == [("2026-03-01", 1), ("2026-03-02", 1)]


async def test_weeks_begin_on_monday_and_months_on_the_first(client, admin, shop):
    shop.pay(shop.place(), at=datetime(2026, 3, 4, 12, tzinfo=UTC))
    period = {"from": "2026-03-04", "to": "2026-04-10"}
    weeks = (await figures(client, admin, interval="week", **period))["series"]
    assert [slot["start"] for slot in weeks][:2] == ["2026-03-02", "2026-03-09"]
    assert all(date.fromisoformat(slot["start"]).weekday() == 0 for slot in weeks)
    assert weeks[0]["orders"] == 1
    months = (await figures(client, admin, interval="month", **period))["series"]
    assert [(slot["start"], slot["orders"]) for slot in months] == [("2026-03-01", 1), ("2026-04-01", 0)]


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-02-30",
        "from=soon",
        "from=20261124",
        "interval=year",
        "from=2026-03-02&to=2026-03-01",
        "from=2024-01-01&to=2025-01-01",
        "to=0001-01-01",
        "from=9999-12-31",
    ],
)
async def test_a_period_that_cannot_be_is_400(client, admin, query):
    assert (await client.get(f"{URL}?{query}", headers=admin)).status_code == 400


async def test_only_an_admin_reads_the_figures(client, tokens):
    assert (await client.get(URL)).status_code == 401
    for role in ("customer", "staff"):
        assert (await client.get(URL, headers=tokens.headers(role=role))).status_code == 403
