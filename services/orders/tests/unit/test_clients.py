"""The clients against answers as the others give them, over a transport that is no network."""

from decimal import Decimal

import httpx
import pytest

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.ids import uuid7
from shopsite_orders.clients import CartLine, CartProduct, HttpCarts, HttpCatalog, HttpPayments
from shopsite_orders.errors import OutOfStock, ReservationVoided, TotalChanged


def client_that(answers):
    """Return a client, and the requests that it will have sent."""
    sent = []

    def handle(request):
        sent.append(request)
        return answers(request)

    client = HttpClient("other", "http://other", retries=0)
    client._client = httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://other")
    return client, sent


def line():
    return CartLine(id=uuid7(), product=CartProduct(id=uuid7()), quantity=2)


async def reserve(client, **changes):
    values = {"order_id": uuid7(), "customer_id": uuid7(), "lines": [line()], "expected_total": None} | changes
    return await HttpCatalog(client).reserve(**values)


async def test_the_cart_is_read_with_the_customers_token():
    item = {"id": str(uuid7()), "product": {"id": str(uuid7()), "name": "Mug"}, "quantity": 2, "subtotal": "1.00"}
    client, sent = client_that(lambda _: httpx.Response(200, json={"items": [item], "total": "1.00"}))
    cart = await HttpCarts(client).get_cart("the-token")
    assert [entry.quantity for entry in cart.items] == [2]
    assert sent[0].headers["authorization"] == "Bearer the-token"
    await client.close()


@pytest.mark.parametrize("answer", [httpx.Response(401), httpx.Response(200, text="<html>"), httpx.Response(500)])
async def test_an_answer_that_is_none_is_unavailable(answer):
    client, _ = client_that(lambda _: answer)
    with pytest.raises(Unavailable):
        await HttpCarts(client).get_cart("token")
    await client.close()


async def test_a_reservation_is_asked_for_with_two_decimals():
    answer = {"currency": "NGN", "lines": [], "expires_at": "2026-11-24T00:00:00Z"}
    client, sent = client_that(lambda _: httpx.Response(201, json=answer))
    assert (await reserve(client, expected_total=Decimal(12))).currency == "NGN"
    assert b'"expected_total":"12.00"' in sent[0].content
    await client.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("out_of_stock", OutOfStock),
        ("total_changed", TotalChanged),
        ("reservation_voided", ReservationVoided),
        ("something_new", Unavailable),
    ],
)
async def test_the_catalogs_refusals_keep_their_code_and_details(code, error):
    body = {"code": code, "details": {"x": {"available": 1}}}
    client, _ = client_that(lambda _: httpx.Response(409, json=body))
    with pytest.raises(error) as raised:
        await reserve(client)
    if error is not Unavailable:
        assert raised.value.details == body["details"]
    await client.close()


async def test_a_reservation_that_cannot_be_given_back_ends_by_itself():
    client, sent = client_that(lambda _: httpx.Response(503))
    await HttpCatalog(client).give_back(uuid7())
    assert sent[0].method == "DELETE"
    await client.close()


def payment(status, *refunds):
    parts = [{"amount": amount, "status": state, "reason": reason} for amount, state, reason in refunds]
    return {"amount": "10.00", "status": status, "refunds": parts}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], False),
        ([payment("SUCCEEDED")], False),
        ([payment("REFUNDED")], True),
        ([payment("REFUNDING", ("10.00", "PENDING", "admin"))], True),
        ([payment("REFUNDING", ("4.00", "PENDING", "admin"))], False),
        ([payment("REFUNDING", ("4.00", "PENDING", "admin"), ("6.00", "PROCESSED", "admin"))], True),
        ([payment("SUCCEEDED", ("10.00", "FAILED", "admin"))], False),
        ([payment("SUCCEEDED", ("10.00", "PENDING", "duplicate_payment"))], False),
    ],
)
async def test_payments_list_tells_whether_all_goes_back(found, expected):
    client, _ = client_that(lambda _: httpx.Response(200, json={"count": len(found), "results": found}))
    assert await HttpPayments(client).all_goes_back(order_id=uuid7(), token="t") is expected
    await client.close()
