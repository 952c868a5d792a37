from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_payments.clients.orders import HttpOrders
from shopsite_payments.errors import UnknownOrder

ID = UUID(int=7)
ANSWER = {
    "order_id": str(ID),
    "number": "SO-1",
    "customer_id": str(UUID(int=8)),
    "customer_email": "ada@example.com",
    "status": "PENDING",
    "total": "2500.50",
    "currency": "NGN",
    "payment_due_at": "2026-11-24T09:30:00Z",
}


def orders_with(answer):
    http = HttpClient("orders", "http://orders", retries=0)
    http._client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://orders")
    return HttpOrders(http)


async def test_the_order_as_it_stands():
    seen = []

    def answer(request):
        seen.append((request.method, request.url.path))
        return httpx.Response(200, json=ANSWER)

    order = await orders_with(answer).get_order(ID)
    assert seen == [("GET", f"/internal/orders/{ID}/")]
    assert (order.order_id, order.total, order.status) == (ID, Decimal("2500.50"), "PENDING")


async def test_no_such_order():
    with pytest.raises(UnknownOrder):
        await orders_with(lambda _: httpx.Response(404, json={})).get_order(ID)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, json={}),
        httpx.Response(500, json={}),
        httpx.Response(200, json=ANSWER | {"total": None}),
        httpx.Response(200, text="<html>"),
    ],
)
async def test_an_answer_that_helps_nobody_is_an_outage(response):
    with pytest.raises(Unavailable):
        await orders_with(lambda _: response).get_order(ID)
