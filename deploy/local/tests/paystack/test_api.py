"""The paths of Paystack."""

import pytest

REFUSALS = [
    ({"email": ""}, "Email Address is required"),
    ({"email": "nobody"}, "Invalid Email Address Passed"),
    ({"amount": 4_999}, "Invalid Amount Sent"),
    ({"amount": 1_000_000_001}, "Invalid Amount Sent"),
    ({"amount": "50.00"}, "Invalid Amount Sent"),
    ({"amount": True}, "Invalid Amount Sent"),
    ({"currency": "EUR"}, "Currency not supported by merchant"),
    ({"callback_url": "javascript:alert(1)"}, "Invalid callback url"),
    ({"channels": ["cash"]}, "Invalid payment channel"),
    ({"channels": "card"}, "Invalid payment channel"),
    ({"reference": "a b"}, "Invalid transaction reference: only -, ., = and alphanumeric characters allowed"),
]


async def test_a_transaction_begins_with_a_page_of_its_own(bench):
    begun = await bench.begin(reference="order-1.a=b_c")
    assert begun["reference"] == "order-1.a=b_c"
    assert begun["authorization_url"] == f"http://simulator/{begun['access_code']}"
    assert (await bench.visitor.get(f"/{begun['access_code']}")).status_code == 200


async def test_paystack_makes_a_reference_when_none_is_sent(bench):
    first, second = await bench.begin(), await bench.begin()
    assert first["reference"] != second["reference"]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
async def test_a_bad_request_is_refused_in_paystacks_words(bench, change, message):
    body = {"email": "ada@example.com", "amount": 500_000, **change}
    answer = await bench.api.post("/transaction/initialize", json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert answer.json()["status"] is False


async def test_a_reference_is_used_once(bench):
    await bench.begin(reference="once")
    answer = await bench.api.post(
        "/transaction/initialize", json={"email": "ada@example.com", "amount": 500_000, "reference": "once"}
    )
    assert answer.status_code == 400
    assert answer.json() == {
        "status": False,
        "message": "Duplicate Transaction Reference",
        "meta": {"nextStep": "Try and create the Transaction or Charge with a new reference"},
        "type": "validation_error",
        "code": "duplicate_reference",
    }


async def test_a_form_is_read_as_well_as_json(bench):
    form = {"email": "ada@example.com", "amount": "20000", "metadata": '{"order":"7"}', "channels[]": ["card", "bank"]}
    answer = await bench.api.post("/transaction/initialize", data=form)
    listed = (await bench.visitor.get("/_simulator/transactions")).json()[0]
    assert answer.status_code == 200
    assert (listed["amount"], listed["metadata"]) == (20_000, {"order": "7"})


@pytest.mark.parametrize("key", [None, "Bearer sk_test_other", "Basic sk_test_of_these_tests"])
async def test_without_the_key_nothing_is_said(bench, key):
    headers = {"authorization": key} if key else {}
    answer = await bench.visitor.get("/transaction/verify/any", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"status": False, "message": "Invalid key"})


async def test_an_untouched_transaction_reads_abandoned(bench):
    begun = await bench.begin(reference="fresh", metadata={"order_id": "7"})
    data = await bench.verify(begun["reference"])
    assert (data["status"], data["amount"], data["paid_at"]) == ("abandoned", 500_000, None)
    assert data["metadata"] == {"order_id": "7"}
    assert data["id"] > 2**32


async def test_verify_does_not_know_what_never_was(bench):
    answer = await bench.api.get("/transaction/verify/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "transaction_not_found")
    empty = await bench.api.get("/transaction/verify/")
    assert (empty.status_code, empty.json()["message"]) == (400, "Transaction ID should be numeric.")


async def test_a_transaction_is_read_by_number_and_its_story_by_either(bench):
    data = await bench.verify(await bench.paid(reference="story"))
    assert (await bench.api.get(f"/transaction/{data['id']}")).json()["data"]["reference"] == "story"
    for key in ("story", data["id"]):
        told = (await bench.api.get(f"/transaction/timeline/{key}")).json()["data"]
        assert [step["type"] for step in told["history"]] == ["action", "success"]


async def test_the_list_pages_and_filters(bench):
    for number in range(5):
        await bench.begin(reference=f"open-{number}")
        bench.clock.now += 60
    middle = bench.clock.now
    await bench.paid(reference="paid")
    page = (await bench.api.get("/transaction", params={"perPage": 2, "page": 2})).json()
    assert [row["reference"] for row in page["data"]] == ["open-3", "open-2"]
    assert page["meta"] == {
        "total": 6,
        "total_volume": 500_000,
        "skipped": 2,
        "perPage": 2,
        "page": 2,
        "pageCount": 3,
    }
    paid = (await bench.api.get("/transaction", params={"status": "success"})).json()["data"]
    assert [row["reference"] for row in paid] == ["paid"]
    moment = _iso(middle)
    assert len((await bench.api.get("/transaction", params={"from": moment})).json()["data"]) == 1
    assert len((await bench.api.get("/transaction", params={"to": _iso(middle - 1)})).json()["data"]) == 5
    assert (await bench.api.get("/transaction", params={"from": "soon"})).status_code == 400


async def test_the_list_knows_one_customer(bench):
    await bench.begin(reference="ada")
    await bench.begin(reference="bob", email="bob@example.com")
    customer = (await bench.verify("bob"))["customer"]["id"]
    rows = (await bench.api.get("/transaction", params={"customer": customer})).json()["data"]
    assert [row["reference"] for row in rows] == ["bob"]


async def test_a_number_beyond_all_bounds_is_unknown(bench):
    number = "9" * 30
    assert (await bench.api.get(f"/transaction/verify/{number}")).status_code == 404
    assert (await bench.api.get(f"/transaction/timeline/{number}")).status_code == 404
    assert (await bench.api.get(f"/transaction/{number}")).status_code == 400
    assert (await bench.api.get("/transaction/1")).status_code == 404
    assert (await bench.api.post("/refund", json={"transaction": number})).status_code == 404


async def test_metadata_that_is_no_json_stays_a_string(bench):
    await bench.begin(reference="m", metadata="{order 7")
    assert (await bench.verify("m"))["metadata"] == "{order 7"


async def test_pages_can_be_given_an_end(bench):
    begun = await bench.begin()
    changed = await bench.api.put("/integration/payment_session_timeout", json={"timeout": 60})
    assert changed.json()["data"] == {"payment_session_timeout": 60}
    bench.clock.now += 61
    late = await bench.submit(begun, outcome="success")
    assert (late.status_code, (await bench.verify(begun["reference"]))["status"]) == (410, "abandoned")
    assert (await bench.api.get("/integration/payment_session_timeout")).json()["data"]["payment_session_timeout"] == 60


async def test_other_paths_are_404_in_the_envelope_and_every_answer_bears_the_banner(bench):
    for path in ("/transfer", "/transaction/charge_authorization/x", "/nothing/at/all"):
        answer = await bench.api.get(path)
        assert (answer.status_code, answer.json()["status"]) == (404, False)
        assert answer.headers["x-paystack-simulator"] == "1"


async def test_a_body_that_is_no_object_is_400(bench):
    for content in (b"{", b"[1]"):
        headers = {"content-type": "application/json"}
        answer = await bench.api.post("/transaction/initialize", content=content, headers=headers)
        assert answer.status_code == 400


def _iso(seconds):
    from shopsite_local.paystack.domain import iso

    return iso(seconds)
