import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from shopsite_common.http_client import HttpClient
from shopsite_payments.clients.paystack import HttpPaystack
from shopsite_payments.domain.payments import RefundStatus, Verdict
from shopsite_payments.errors import AnswerLost, PaystackRefused, PaystackUnavailable, TransactionUnknown

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def client_with(answer, *, hosts=("checkout.paystack.com",), https_only=True):
    """Return Paystack's client whose answers come from a function of the request."""
    http = HttpClient("paystack", "https://api.paystack.co", retries=0, headers={"Authorization": "Bearer sk_test_x"})
    http._client = httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="https://api.paystack.co", headers=http._client.headers
    )
    return HttpPaystack(http, checkout_hosts=list(hosts), https_only=https_only)


def always(status=200, data=None, **envelope):
    return lambda _request: httpx.Response(
        status, json={"status": status < 300, "message": "m", **envelope, "data": data}
    )


def raising(error):
    def answer(request):
        raise error("no", request=request)

    return answer


async def initialize(client):
    return await client.initialize(
        reference="ref-1",
        email="ada@example.com",
        amount=Decimal("20.50"),
        currency="NGN",
        callback_url="https://shop.example.com/api/payment/callback/",
        metadata={"order_id": "5"},
    )


def page(url="https://checkout.paystack.com/3ni8kdavz62431k"):
    return {"authorization_url": url, "access_code": "3ni8kdavz62431k", "reference": "ref-1"}


async def test_initialize_sends_minor_units_under_our_reference():
    sent = {}

    def answer(request):
        sent.update(json.loads(request.content), key=request.headers["authorization"])
        return httpx.Response(200, json={"status": True, "message": "Authorization URL created", "data": page()})

    opened = await initialize(client_with(answer))
    assert opened.authorization_url.endswith("/3ni8kdavz62431k")
    assert (sent["amount"], sent["reference"], sent["currency"]) == (2050, "ref-1", "NGN")
    assert sent["key"] == "Bearer sk_test_x"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/3ni8kdavz62431k",
        "http://checkout.paystack.com/3ni8kdavz62431k",
        "https://checkout.paystack.com@evil.example.com/",
        "https://user@checkout.paystack.com/",
        "javascript:alert(1)",
        "",
    ],
)
async def test_a_page_elsewhere_is_given_to_nobody(url):
    with pytest.raises(AnswerLost):
        await initialize(client_with(always(data=page(url))))


async def test_a_simulators_page_by_setting():
    client = client_with(always(data=page("http://localhost:8001/abc")), hosts=["localhost"], https_only=False)
    assert (await initialize(client)).authorization_url == "http://localhost:8001/abc"


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_a_call_that_was_never_sent_has_done_nothing(error):
    with pytest.raises(PaystackUnavailable) as raised:
        await initialize(client_with(raising(error)))
    assert not isinstance(raised.value, AnswerLost)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError])
async def test_a_call_without_an_answer_may_have_been_done(error):
    with pytest.raises(AnswerLost) as raised:
        await initialize(client_with(raising(error)))
    assert not raised.value.answered


async def test_an_error_of_theirs_may_have_been_done_too():
    with pytest.raises(AnswerLost) as raised:
        await initialize(client_with(always(502)))
    assert raised.value.answered


async def test_a_success_that_cannot_be_read_may_have_been_done():
    with pytest.raises(AnswerLost):
        await initialize(client_with(lambda _: httpx.Response(200, html="<h1>Welcome</h1>")))


async def test_a_refusal_is_told_apart():
    answer = always(400, message="Duplicate Transaction Reference", code="duplicate_reference")
    with pytest.raises(PaystackRefused, match="Duplicate"):
        await initialize(client_with(answer))


@pytest.mark.parametrize(
    ("status", "message"), [(401, "Invalid key"), (400, "Invalid key"), (403, "IP not allowed"), (429, "Rate limit")]
)
async def test_a_wrong_key_or_a_limit_is_an_outage(status, message):
    with pytest.raises(PaystackUnavailable):
        await client_with(always(status, message=message)).verify("ref-1")


@pytest.mark.parametrize(("given", "wait"), [("17", "17"), ("soon", "5"), ("99999999", "5"), (None, "5")])
async def test_a_limit_says_when_to_come_back(given, wait):
    headers = {"retry-after": given} if given else {}
    answer = httpx.Response(429, json={"status": False, "message": "Rate limit exceeded!"}, headers=headers)
    with pytest.raises(PaystackUnavailable) as raised:
        await client_with(lambda _: answer).verify("ref-1")
    assert raised.value.headers["Retry-After"] == wait


@pytest.mark.parametrize(
    ("status", "envelope"),
    [
        (404, {"message": "Transaction reference not found"}),
        (400, {"message": "Transaction reference not found."}),
        (400, {"message": "No", "code": "transaction_not_found"}),
    ],
)
async def test_an_unknown_reference_comes_in_several_shapes(status, envelope):
    with pytest.raises(TransactionUnknown):
        await client_with(always(status, **envelope)).verify("ref-1")


VERIFIED = {
    "id": 4099260516,
    "status": "success",
    "reference": "ref-1",
    "amount": 40333,
    "gateway_response": "Successful",
    "paid_at": "2024-08-22T09:15:02.000Z",
    "channel": "card",
    "currency": "NGN",
    "metadata": "",
    "plan": None,
    "requested_amount": 30050,
}


async def test_verify_reads_the_published_sample():
    found = await client_with(always(data=VERIFIED)).verify("ref-1")
    assert found.verdict == Verdict.ARRIVED
    assert (found.amount, found.currency, found.channel) == (Decimal("403.33"), "NGN", "card")
    assert found.transaction_id == 4099260516
    assert found.paid_at == datetime(2024, 8, 22, 9, 15, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "40333"},
        {"metadata": 0},
        {"metadata": {"a": 1}},
        {"paid_at": None, "paidAt": "2024-08-22T09:15:02.000Z"},
        {"id": "4099260516"},
    ],
)
async def test_verify_is_lenient_with_the_shapes_that_vary(changes):
    found = await client_with(always(data=VERIFIED | changes)).verify("ref-1")
    assert found.amount == Decimal("403.33")
    assert found.paid_at is not None


@pytest.mark.parametrize(
    "data", [VERIFIED | {"amount": None}, VERIFIED | {"amount": "x"}, VERIFIED | {"reference": "other"}, [], None, "x"]
)
async def test_what_cannot_be_read_settles_nothing(data):
    with pytest.raises(PaystackUnavailable):
        await client_with(always(data=data)).verify("ref-1")


async def test_a_reference_cannot_leave_its_place_in_the_path():
    seen = []

    def answer(request):
        seen.append(request.url.raw_path)
        return httpx.Response(404, json={"status": False, "message": "Transaction reference not found"})

    with pytest.raises(TransactionUnknown):
        await client_with(answer).verify("../refund?x=1")
    assert seen == [b"/transaction/verify/..%2Frefund%3Fx%3D1"]


async def test_lists_are_read_to_their_last_page():
    pages = []

    def answer(request):
        pages.append(request.url.params["page"])
        count = 100 if len(pages) < 3 else 7
        rows = [VERIFIED | {"reference": f"{len(pages)}-{number}"} for number in range(count)]
        return httpx.Response(200, json={"status": True, "message": "Transactions retrieved", "data": rows})

    found = [row async for row in client_with(answer).list_transactions(status="success", since=SINCE)]
    assert pages == ["1", "2", "3"]
    assert len({row.reference for row in found}) == 207


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", RefundStatus.PENDING),
        ("processing", RefundStatus.PENDING),
        ("processed", RefundStatus.PROCESSED),
        ("failed", RefundStatus.FAILED),
        ("needs-attention", RefundStatus.NEEDS_ATTENTION),
    ],
)
async def test_the_states_of_a_refund(word, status):
    row = {"id": 3018284, "amount": "10000", "currency": "NGN", "status": word, "merchant_note": None}
    [refund] = await client_with(always(data=[row])).list_refunds("ref-1")
    assert (refund.status, refund.amount, refund.note) == (status, Decimal("100.00"), "")


async def test_the_refunds_of_an_unknown_transaction():
    with pytest.raises(PaystackUnavailable):
        await client_with(always(400, message="No such filter")).list_refunds("ref-1")


async def test_refunded_references_are_read_from_either_place():
    rows = [
        {"transaction_reference": "a"},
        {"transaction": {"reference": "b"}},
        {"transaction": 5},
    ]
    found = [row async for row in client_with(always(data=rows)).list_refunded_references(since=SINCE)]
    assert found == ["a", "b"]
