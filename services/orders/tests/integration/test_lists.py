"""Lists of orders against an oracle: the same question answered in plain Python over the same rows."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shopsite_common.ids import uuid7
from shopsite_orders.domain.standing import Status

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CUSTOMERS = [uuid7() for _ in range(3)]
# customer, status, hours after the start: two moments are shared
ROWS = [
    (0, Status.CREATED, 0),
    (0, Status.PROCESSING, 1),
    (1, Status.PROCESSING, 1),
    (1, Status.CANCELLED, 3),
    (0, Status.PROCESSING, 3),
    (1, Status.SHIPPED, 2),
    (0, Status.REFUNDED, 24),
]


def written(moment):
    """The same moment in the forms that a client may write."""
    ahead = moment + HOUR
    return [moment.isoformat().replace("+00:00", "Z"), f"{ahead:%Y-%m-%dT%H:%M:%S}+01:00"]


moments = st.sampled_from(
    [(text, at) for hours in range(-1, 5) for at in [START + hours * HOUR] for text in written(at)]
)
days = st.sampled_from(
    [("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)), ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC))]
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(Status),
        "created_at__gte": moments | days,
        "created_at__lte": moments | days,
        "customer": st.sampled_from(range(3)),
    },
)


@pytest.fixture
def orders(db, shop):
    """Orders as the rows say, the newest first."""
    statement = text("UPDATE orders SET status = :status, created_at = :at WHERE id = :id")
    placed = []
    for customer, status, hours in ROWS:
        row = {"id": shop.place(customer_id=CUSTOMERS[customer]).id, "status": status.value, "at": START + hours * HOUR}
        db.run_here(lambda session, row=row: session.connection().execute(statement, row))
        placed.append(SimpleNamespace(customer=customer, **row))
    return sorted(placed, key=lambda order: (order.at, order.id), reverse=True)


def expected_by_oracle(orders, asked, viewer):
    kept = {
        "status": lambda order, value: order.status == value.value,
        "created_at__gte": lambda order, value: order.at >= value[1],
        "created_at__lte": lambda order, value: order.at <= value[1],
        # nobody but an admin may ask about others: for them it is an unknown parameter
        "customer": lambda order, value: viewer is not None or order.customer == value,
    }
    return [
        str(order.id)
        for order in orders
        if (viewer is None or order.customer == viewer) and all(kept[name](order, asked[name]) for name in asked)
    ]


def sent(asked):
    shown = {
        "status": lambda value: value.value,
        "created_at__gte": lambda value: value[0],
        "created_at__lte": lambda value: value[0],
        "customer": lambda value: str(CUSTOMERS[value]),
    }
    return {name: shown[name](value) for name, value in asked.items()}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, viewer=st.sampled_from([None, None, 0, 1, 2]), size=st.integers(1, len(ROWS) + 1))
async def test_any_filters_and_pages_agree_with_plain_python(client, tokens, orders, asked, viewer, size):
    headers = tokens.headers(role="admin") if viewer is None else tokens.headers(CUSTOMERS[viewer])

    async def page_of(number):
        params = {**sent(asked), "page_size": size, "page": number}
        return await client.get("/api/orders/", params=params, headers=headers)

    expected = expected_by_oracle(orders, asked, viewer)
    pages = max(1, -(-len(expected) // size))
    for number in range(1, pages + 1):
        page = (await page_of(number)).json()
        assert page["count"] == len(expected)
        assert [order["id"] for order in page["results"]] == expected[(number - 1) * size : number * size]
        assert (page["next"] is None) == (number == pages)
        assert (page["previous"] is None) == (number == 1)
    assert (await page_of(pages + 1)).status_code == 404
