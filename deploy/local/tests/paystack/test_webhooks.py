"""Events: their bytes, their signature, their tries."""

import hashlib
import hmac
import json

import pytest

KEY = "sk_test_of_these_tests"


def _signature(body):
    return hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest()


async def test_the_signature_is_over_the_compact_utf8_bytes(bench):
    await bench.paid(reference="r", metadata={"name": "Zoë"})
    await bench.until(lambda: bench.shop.received)
    request = bench.shop.received[0]
    assert request.headers["x-paystack-signature"] == _signature(request.content)
    assert '"name":"Zoë"' in request.content.decode()
    data = json.loads(request.content)["data"]
    assert (data["reference"], data["status"], data["amount"], data["plan"]) == ("r", "success", 500_000, {})


async def test_anything_but_200_is_tried_again_until_delivered(bench):
    bench.shop.status = 503
    await bench.paid()
    await bench.until(lambda: len(bench.shop.received) == 1)
    await bench.settled()
    bench.shop.status = 204
    await bench.later(180 / 180)
    await bench.until(lambda: len(bench.shop.received) == 2)
    await bench.settled()
    bench.shop.status = 200
    await bench.later(1)
    await bench.until(lambda: len(bench.shop.received) == 3)
    await bench.settled()
    (delivery,) = await bench.deliveries()
    assert [one["status_code"] for one in delivery["tries"]] == [503, 204, 200]
    assert (delivery["state"], delivery["next_try_at"]) == ("delivered", None)
    assert len({request.content for request in bench.shop.received}) == 1


async def test_the_shop_may_be_away(bench):
    def refuse(_request):
        import httpx

        raise httpx.ConnectError("refused")

    bench.app.state.courier._client._transport.handler = refuse
    await bench.paid()
    await bench.settled()
    (delivery,) = await bench.deliveries()
    assert delivery["state"] == "waiting"
    assert delivery["tries"][0]["error"] == "ConnectError: refused"


async def test_off_sends_nothing_and_resend_makes_it_good(bench):
    await bench.configure(webhooks="off")
    await bench.paid(reference="lost")
    await bench.later(3600)
    await bench.settled()
    assert bench.shop.received == []
    sent = (await bench.visitor.post("/_simulator/webhooks/lost/resend")).json()
    assert (sent["state"], sent["event"], bench.shop.events) == ("delivered", "charge.success", ["charge.success"])


async def test_resend_repeats_the_same_bytes(bench):
    await bench.paid(reference="again")
    await bench.until(lambda: bench.shop.received)
    await bench.visitor.post("/_simulator/webhooks/again/resend")
    first, second = bench.shop.received
    assert (first.content, first.headers["x-paystack-signature"]) == (
        second.content,
        second.headers["x-paystack-signature"],
    )


async def test_resend_of_nothing_is_404(bench):
    await bench.begin(reference="unpaid")
    assert (await bench.visitor.post("/_simulator/webhooks/unpaid/resend")).status_code == 404


async def test_duplicate_sends_each_several_times(bench):
    await bench.configure(webhooks="duplicate", duplicates=5)
    await bench.paid()
    await bench.until(lambda: len(bench.shop.received) == 5)
    await bench.settled()
    assert len(bench.shop.received) == 5


async def test_delay_sends_later(bench):
    await bench.configure(webhooks="delay", delay_seconds=30)
    await bench.paid()
    await bench.later(29)
    await bench.settled()
    assert bench.shop.received == []
    await bench.later(1)
    await bench.until(lambda: len(bench.shop.received) == 1)


async def test_a_bad_signature_on_request(bench):
    await bench.configure(bad_signature=True)
    await bench.paid()
    await bench.until(lambda: bench.shop.received)
    request = bench.shop.received[0]
    assert request.headers["x-paystack-signature"] != _signature(request.content)


@pytest.mark.parametrize(("signature", "is_right"), [("good", True), ("bad", False)])
async def test_any_event_can_be_sent(bench, signature, is_right):
    body = {"event": "bank.transfer.rejected", "data": {"id": 1}, "signature": signature}
    sent = (await bench.visitor.post("/_simulator/webhooks", json=body)).json()
    request = bench.shop.received[0]
    assert sent["state"] == "delivered"
    assert json.loads(request.content) == {"event": "bank.transfer.rejected", "data": {"id": 1}}
    assert (request.headers["x-paystack-signature"] == _signature(request.content)) is is_right


async def test_paid_before_the_reply_of_initialize(bench):
    await bench.configure(pay_on_initialize=True)
    begun = await bench.begin()
    assert bench.shop.events == ["charge.success"]
    assert (await bench.verify(begun["reference"]))["status"] == "success"


async def test_the_log_can_be_narrowed(bench):
    await bench.paid(reference="one")
    await bench.paid(reference="two")
    await bench.settled()
    assert [each["reference"] for each in await bench.deliveries()] == ["two", "one"]
    assert [each["reference"] for each in await bench.deliveries(reference="one")] == ["one"]
    assert await bench.deliveries(event="refund.processed") == []


async def test_without_an_address_nothing_is_sent(start):
    async with start(webhook_url="") as bench:
        await bench.paid()
        await bench.settled()
        (delivery,) = await bench.deliveries()
        assert (delivery["state"], bench.shop.received) == ("suppressed", [])
