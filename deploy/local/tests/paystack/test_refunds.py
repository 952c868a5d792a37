"""Refunds and disputes."""

import json

import pytest


async def _refund(bench, transaction, **body):
    return await bench.api.post("/refund", json={"transaction": transaction, **body})


async def test_a_refund_goes_its_way_by_itself(bench):
    reference = await bench.paid()
    made = (await _refund(bench, reference)).json()
    assert made["message"] == "Refund has been queued for processing"
    assert (made["data"]["status"], made["data"]["amount"]) == ("pending", 500_000)
    assert made["data"]["transaction"]["reference"] == reference
    number = made["data"]["id"]
    for status, shown in (("processing", "success"), ("processed", "reversed")):
        await bench.later(0.5)
        await bench.settled()
        fetched = (await bench.api.get(f"/refund/{number}")).json()["data"]
        assert (fetched["status"], (await bench.verify(reference))["status"]) == (status, shown)
    assert fetched["transaction"] == made["data"]["transaction"]["id"]
    assert sorted(bench.shop.events) == ["charge.success", "refund.pending", "refund.processed", "refund.processing"]


async def test_parts_are_refunded_until_nothing_is_left(bench):
    reference = await bench.paid()
    assert (await _refund(bench, reference, amount=200_000)).status_code == 200
    await bench.later(0.5)
    await bench.settled()
    await bench.later(0.5)
    await bench.settled()
    assert (await bench.verify(reference))["status"] == "success"
    too_big = await _refund(bench, reference, amount=300_001)
    assert (too_big.status_code, too_big.json()["message"]) == (
        400,
        "Refund amount cannot be greater than initial amount",
    )
    assert (await _refund(bench, reference, amount="300000")).json()["data"]["amount"] == 300_000
    spent = await _refund(bench, reference)
    assert (spent.status_code, spent.json()["code"]) == (400, "transaction_reversed")


async def test_only_what_was_paid_can_be_refunded(bench):
    begun = await bench.begin()
    assert (await _refund(bench, begun["reference"])).status_code == 400
    assert (await _refund(bench, "nothing")).status_code == 404
    assert (await _refund(bench, await bench.paid(), amount=0)).status_code == 400


async def test_a_refund_may_name_the_transaction_by_its_number(bench):
    number = (await bench.verify(await bench.paid()))["id"]
    assert (await _refund(bench, number)).status_code == 200


@pytest.mark.parametrize(
    ("card", "cvv", "ending"),
    [("4084080000671803", "180", "failed"), ("4084080000671902", "190", "needs-attention")],
)
async def test_special_cards_end_their_refunds_badly(bench, card, cvv, ending):
    begun = await bench.begin()
    await bench.submit(begun, card_number=card, cvv=cvv, expiry="12/30")
    number = (await _refund(bench, begun["reference"])).json()["data"]["id"]
    for _ in range(2):
        await bench.later(0.5)
        await bench.settled()
    assert (await bench.api.get(f"/refund/{number}")).json()["data"]["status"] == ending
    assert (await bench.verify(begun["reference"]))["status"] == "success"
    event = json.loads(bench.shop.received[-1].content)
    assert (event["event"], event["data"]["amount"]) == (f"refund.{ending}", 500_000)
    assert ("id" in event["data"]) is (ending == "needs-attention")


async def test_a_failed_refund_frees_its_amount(bench):
    begun = await bench.begin()
    await bench.submit(begun, card_number="4084080000671803", cvv="180", expiry="12/30")
    await _refund(bench, begun["reference"])
    for _ in range(2):
        await bench.later(0.5)
        await bench.settled()
    assert (await _refund(bench, begun["reference"])).status_code == 200


async def test_a_refund_that_needs_attention_is_retried(bench):
    reference = await bench.paid()
    made = await bench.visitor.post(f"/_simulator/transactions/{reference}/refund", json={"outcome": "needs-attention"})
    path = f"/refund/retry_with_customer_details/{made.json()['id']}"
    assert (await bench.api.post(path, json={})).status_code == 422
    for _ in range(2):
        await bench.later(0.5)
        await bench.settled()
    assert (await bench.api.post(path, json={})).json()["data"]["status"] == "processing"
    await bench.later(0.5)
    await bench.settled()
    assert (await bench.verify(reference))["status"] == "reversed"


async def test_refunds_are_listed_by_transaction(bench):
    first, second = await bench.paid(), await bench.paid()
    await _refund(bench, first, amount=100_000)
    await _refund(bench, first, amount=50_000)
    await _refund(bench, second)
    listed = (await bench.api.get("/refund", params={"transaction": first})).json()
    assert [row["amount"] for row in listed["data"]] == [50_000, 100_000]
    number = (await bench.verify(first))["id"]
    assert len((await bench.api.get("/refund", params={"transaction": number})).json()["data"]) == 2
    everything = (await bench.api.get("/refund", params={"perPage": 2})).json()
    assert (len(everything["data"]), everything["meta"]["total"]) == (2, 3)


async def test_the_last_event_may_overtake_the_first(bench):
    await bench.configure(out_of_order=True)
    reference = await bench.paid()
    await _refund(bench, reference)
    for _ in range(8):
        await bench.later(0.5)
        await bench.settled()
    assert bench.shop.events == ["charge.success", "refund.processed", "refund.pending", "refund.processing"]


async def test_the_dashboard_refunds_without_the_shop(bench):
    reference = await bench.paid()
    path = f"/_simulator/transactions/{reference}/refund"
    assert (await bench.visitor.post(path, json={"outcome": "lost"})).status_code == 400
    made = (await bench.visitor.post(path, json={"amount": 1_000})).json()
    assert (made["amount"], made["status"]) == (1_000, "pending")
    listed = (await bench.visitor.get(f"/_simulator/transactions/{reference}")).json()
    assert listed["refunds"] == [{"id": made["id"], "amount": 1_000, "status": "pending"}]


async def test_a_dispute_is_announced_and_an_accepted_one_takes_the_money_back(bench):
    reference = await bench.paid()
    opened = (await bench.visitor.post(f"/_simulator/transactions/{reference}/dispute", json={})).json()
    assert (opened["status"], opened["amount"]) == ("awaiting-merchant-feedback", 500_000)
    await bench.visitor.post(f"/_simulator/disputes/{opened['id']}/remind")
    ended = (await bench.visitor.post(f"/_simulator/disputes/{opened['id']}/resolve", json={})).json()
    assert (ended["status"], ended["resolution"]) == ("resolved", "merchant-accepted")
    for _ in range(2):
        await bench.later(0.5)
        await bench.settled()
    assert {"charge.dispute.create", "charge.dispute.remind", "charge.dispute.resolve", "refund.processed"} <= set(
        bench.shop.events
    )
    created = next(each for each in bench.shop.received if b"dispute.create" in each.content)
    assert json.loads(created.content)["data"]["transaction"]["reference"] == reference
    assert (await bench.verify(reference))["status"] == "reversed"


async def test_a_declined_dispute_leaves_the_money(bench):
    reference = await bench.paid()
    opened = (await bench.visitor.post(f"/_simulator/transactions/{reference}/dispute", json={"amount": 100})).json()
    path = f"/_simulator/disputes/{opened['id']}/resolve"
    assert (await bench.visitor.post(path, json={"resolution": "maybe"})).status_code == 400
    await bench.visitor.post(path, json={"resolution": "declined"})
    listed = (await bench.visitor.get("/_simulator/disputes")).json()
    assert [(each["reference"], each["resolution"]) for each in listed] == [(reference, "declined")]
    assert (await bench.api.get("/refund", params={"transaction": reference})).json()["data"] == []


async def test_what_was_not_paid_cannot_be_disputed(bench):
    begun = await bench.begin()
    path = f"/_simulator/transactions/{begun['reference']}/dispute"
    assert (await bench.visitor.post(path, json={})).status_code == 400
    assert (await bench.visitor.post("/_simulator/disputes/1/remind")).status_code == 404
