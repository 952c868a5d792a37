"""Settings, faults, and what survives a restart."""

import time

import pytest

from shopsite_local.paystack.options import Options


async def test_settings_are_changed_one_by_one_and_null_ends_one(bench):
    await bench.configure(webhooks="off", amount_override=100)
    changed = (await bench.configure(amount_override=None)).json()
    assert (changed["webhooks"], changed["amount_override"]) == ("off", None)
    assert (await bench.visitor.get("/_simulator/settings")).json() == changed


@pytest.mark.parametrize("settings", [{"webhooks": "maybe"}, {"fail_next": -1}, {"unknown": 1}])
async def test_a_setting_that_means_nothing_is_refused_and_changes_nothing(bench, settings):
    before = (await bench.visitor.get("/_simulator/settings")).json()
    assert (await bench.configure(latency_ms=1, **settings)).status_code == 400
    assert (await bench.visitor.get("/_simulator/settings")).json() == before


async def test_a_success_reports_the_amount_that_was_set(bench):
    await bench.configure(amount_override=499_999)
    reference = await bench.paid()
    await bench.configure(amount_override=None)
    data = await bench.verify(reference)
    assert (data["amount"], data["requested_amount"]) == (499_999, 500_000)
    (listed,) = (await bench.visitor.get("/_simulator/transactions")).json()
    assert (listed["amount"], listed["status"], listed["refunds"]) == (499_999, "success", [])
    refund = await bench.api.post("/refund", json={"transaction": reference})
    assert refund.json()["data"]["amount"] == 499_999


async def test_a_success_reports_the_currency_that_was_set(bench):
    await bench.configure(currency_override="USD")
    assert (await bench.verify(await bench.paid()))["currency"] == "USD"


async def test_one_reference_may_behave_otherwise_than_the_rest(bench):
    await bench.configure(reference="odd", amount_override=7, webhooks="on")
    await bench.configure(webhooks="off")
    assert (await bench.verify(await bench.paid(reference="odd")))["amount"] == 7
    assert (await bench.verify(await bench.paid(reference="even")))["amount"] == 500_000
    await bench.settled()
    assert [(each["reference"], each["state"]) for each in await bench.deliveries()] == [
        ("even", "suppressed"),
        ("odd", "delivered"),
    ]


async def test_the_next_calls_fail_before_they_do_anything(bench):
    await bench.configure(fail_next=2)
    body = {"email": "ada@example.com", "amount": 500_000, "reference": "r"}
    for _ in range(2):
        answer = await bench.api.post("/transaction/initialize", json=body)
        assert (answer.status_code, answer.json()["message"]) == (500, "An error occurred")
    assert (await bench.api.post("/transaction/initialize", json=body)).status_code == 200


async def test_pages_and_control_do_not_fail_with_the_api(bench):
    begun = await bench.begin()
    await bench.configure(fail_next=1)
    assert (await bench.visitor.get(f"/{begun['access_code']}")).status_code == 200
    assert (await bench.visitor.get("/_simulator/transactions")).status_code == 200
    assert (await bench.api.get(f"/transaction/verify/{begun['reference']}")).status_code == 500


async def test_only_the_calls_of_one_reference_may_fail(bench):
    await bench.begin(reference="good")
    await bench.begin(reference="bad")
    await bench.configure(reference="bad", fail_next=1)
    assert (await bench.api.get("/transaction/verify/good")).status_code == 200
    assert (await bench.api.get("/transaction/verify/bad")).status_code == 500
    assert (await bench.api.get("/transaction/verify/bad")).status_code == 200


async def test_a_failure_may_be_a_limit_or_a_page(bench):
    await bench.configure(fail_next=1, fail_status=429)
    limited = await bench.api.get("/transaction/verify/x")
    assert (limited.status_code, limited.json()["code"], limited.headers["retry-after"]) == (429, "rate_limited", "1")
    await bench.configure(fail_next=1, fail_status=502, fail_body="html")
    page = await bench.api.get("/transaction/verify/x")
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_answers_may_be_slow(bench):
    await bench.configure(latency_ms=50)
    started = time.perf_counter()
    await bench.api.get("/transaction/verify/x")
    assert time.perf_counter() - started >= 0.05


@pytest.mark.parametrize(
    ("shape", "expected"), [("empty", ""), ("zero", 0), ("null", None), ("text", '{"a": 1}'), ("sent", {"a": 1})]
)
async def test_metadata_takes_every_shape_that_was_seen(bench, shape, expected):
    await bench.configure(metadata_as=shape)
    begun = await bench.begin(metadata={"a": 1})
    assert (await bench.verify(begun["reference"]))["metadata"] == expected


async def test_amounts_may_be_text(bench):
    await bench.configure(text_amounts=True)
    assert (await bench.verify(await bench.paid()))["amount"] == "500000"


async def test_everything_is_there_after_a_restart(start):
    async with start() as bench:
        bench.shop.status = 500
        begun = await bench.begin(reference="kept")
        await bench.submit(begun, outcome="success")
        await bench.api.post("/refund", json={"transaction": "kept"})
        await bench.configure(latency_ms=3)
        await bench.until(lambda: len(bench.shop.received) == 2)
        await bench.settled()
        clock = bench.clock
    clock.now += 3600
    async with start(clock) as bench:
        assert (await bench.visitor.get("/_simulator/settings")).json()["latency_ms"] == 3
        await bench.until(lambda: "refund.processing" in bench.shop.events)
        await bench.later(1)
        await bench.until(lambda: "refund.processed" in bench.shop.events)
        assert {"charge.success", "refund.pending"} <= set(bench.shop.events)
        assert (await bench.verify("kept"))["status"] == "reversed"


async def test_a_reset_forgets_everything_but_the_numbers(bench):
    first = (await bench.verify(await bench.paid(reference="r")))["id"]
    await bench.configure(webhooks="off")
    assert (await bench.visitor.delete("/_simulator")).status_code == 200
    assert (await bench.visitor.get("/_simulator/transactions")).json() == []
    assert (await bench.visitor.get("/_simulator/settings")).json()["webhooks"] == "on"
    assert await bench.deliveries() == []
    assert (await bench.verify(await bench.paid(reference="r")))["id"] > first


def test_a_live_key_is_refused(tmp_path):
    with pytest.raises(ValueError, match="live key"):
        Options(secret_key="sk_live_x", webhook_url="", public_url="", state_dir=tmp_path)
