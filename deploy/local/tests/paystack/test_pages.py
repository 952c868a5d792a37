"""What the customer can do on the page."""

import pytest

CALLBACK = "https://shop.example/callback/"
CARD = {"card_number": "4084 0840 8408 4081", "expiry": "12/30", "cvv": "408"}


async def test_paying_sends_the_customer_back_and_the_event_to_the_shop(bench):
    begun = await bench.begin(reference="r1", callback_url=CALLBACK)
    answer = await bench.submit(begun, outcome="success", channel="bank_transfer")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{CALLBACK}?trxref=r1&reference=r1"
    await bench.until(lambda: bench.shop.events == ["charge.success"])
    data = await bench.verify("r1")
    assert (data["status"], data["channel"], data["amount"]) == ("success", "bank_transfer", 500_000)


async def test_paying_twice_takes_the_money_once(bench):
    begun = await bench.begin(callback_url=CALLBACK)
    first = await bench.submit(begun, outcome="success")
    again = await bench.submit(begun, outcome="success")
    late = await bench.submit(begun, outcome="failed")
    assert first.headers["location"] == again.headers["location"] == late.headers["location"]
    await bench.settled()
    assert bench.shop.events == ["charge.success"]
    assert (await bench.verify(begun["reference"]))["status"] == "success"


@pytest.mark.parametrize(("outcome", "status"), [("failed", "failed"), ("abandoned", "abandoned")])
async def test_a_page_left_unpaid_raises_no_event_and_may_be_paid_later(bench, outcome, status):
    begun = await bench.begin(callback_url=CALLBACK)
    left = await bench.submit(begun, outcome=outcome)
    assert left.headers["location"].startswith(CALLBACK)
    assert (await bench.verify(begun["reference"]))["status"] == status
    await bench.settled()
    assert bench.shop.events == []
    await bench.submit(begun, outcome="success")
    assert (await bench.verify(begun["reference"]))["status"] == "success"


async def test_cancelling_goes_where_the_shop_asked(bench):
    begun = await bench.begin(callback_url=CALLBACK, metadata={"cancel_action": "https://shop.example/cart"})
    assert (await bench.submit(begun, outcome="abandoned")).headers["location"] == "https://shop.example/cart"


async def test_without_a_callback_the_page_says_how_it_ended(bench):
    answer = await bench.submit(await bench.begin(), outcome="success")
    assert answer.status_code == 200
    assert "Payment successful" in answer.text


async def test_a_callback_with_a_query_keeps_it(bench):
    begun = await bench.begin(reference="q", callback_url=f"{CALLBACK}?shop=1")
    answer = await bench.submit(begun, outcome="success")
    assert answer.headers["location"] == f"{CALLBACK}?shop=1&trxref=q&reference=q"


async def test_a_channel_outside_the_chosen_ones_is_refused(bench):
    begun = await bench.begin(channels=["card", "bank"])
    refused = await bench.submit(begun, outcome="success", channel="ussd")
    assert (refused.status_code, (await bench.verify(begun["reference"]))["status"]) == (400, "abandoned")
    await bench.submit(begun, outcome="success", channel="bank")
    assert (await bench.verify(begun["reference"]))["channel"] == "bank"


@pytest.mark.parametrize("form", [{"outcome": "perhaps"}, {"something": "else"}, {**CARD, "expiry": "01/20"}])
async def test_a_form_that_says_nothing_changes_nothing(bench, form):
    begun = await bench.begin()
    answer = await bench.submit(begun, **form)
    assert (answer.status_code, (await bench.verify(begun["reference"]))["status"]) == (400, "abandoned")


async def test_the_good_test_card_pays(bench):
    begun = await bench.begin(callback_url=CALLBACK)
    assert (await bench.submit(begun, **CARD)).status_code == 303
    paid = (await bench.verify(begun["reference"]))["authorization"]
    assert (paid["last4"], paid["reusable"]) == ("4081", True)


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ({"card_number": "4084080000005408", "cvv": "001"}, "Declined"),
        ({"card_number": "4084080000670037", "cvv": "787"}, "Insufficient Funds"),
        ({"card_number": "4084084084084081", "cvv": "999"}, "Declined"),
        ({"card_number": "4242424242424242", "cvv": "408"}, "Declined"),
    ],
)
async def test_a_declined_customer_stays_on_the_page_and_may_try_again(bench, card, reason):
    begun = await bench.begin(callback_url=CALLBACK)
    answer = await bench.submit(begun, expiry="12/2030", **card)
    data = await bench.verify(begun["reference"])
    assert (answer.status_code, data["status"], data["gateway_response"]) == (200, "failed", reason)
    assert reason in answer.text
    assert (await bench.submit(begun, **CARD)).status_code == 303


async def test_a_card_with_pin_and_one_time_code_is_ongoing_meanwhile(bench):
    begun = await bench.begin(callback_url=CALLBACK)
    asks = await bench.submit(begun, card_number="5060666666666666666", expiry="12/30", cvv="123")
    assert 'name="pin"' in asks.text
    assert (await bench.verify(begun["reference"]))["status"] == "ongoing"
    asks = await bench.submit(begun, pin="1234")
    assert 'name="otp"' in asks.text
    assert (await bench.submit(begun, otp="123456")).status_code == 303
    assert (await bench.verify(begun["reference"]))["status"] == "success"


async def test_a_wrong_pin_is_a_declined_try(bench):
    begun = await bench.begin()
    await bench.submit(begun, card_number="5060666666666666666", expiry="12/30", cvv="123")
    answer = await bench.submit(begun, pin="0000")
    data = await bench.verify(begun["reference"])
    assert (data["status"], data["gateway_response"]) == ("failed", "Incorrect PIN")
    assert 'name="card_number"' in answer.text


async def test_the_page_shows_what_is_paid_and_escapes_what_strangers_wrote(bench):
    begun = await bench.begin(reference="r.1", email="<b>x</b>@example.com")
    page = (await bench.visitor.get(f"/{begun['access_code']}")).text
    assert "NGN 5,000.00" in page
    assert "<b>x</b>" not in page
    for word in ("Pay", "Decline", "Abandon"):
        assert f">{word}</button>" in page


async def test_the_list_of_transactions_is_a_page(bench):
    reference = await bench.paid()
    page = await bench.visitor.get("/")
    assert page.status_code == 200
    assert reference in page.text


async def test_an_unknown_page_is_404(bench):
    assert (await bench.visitor.get("/nosuchcode")).status_code == 404
    assert (await bench.visitor.post("/nosuchcode", data={"outcome": "success"})).status_code == 404
