import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import AdminActed, PaymentHeld, PaymentRefunded, RefundFailed, RefundStarted
from shopsite_common.ids import uuid7
from shopsite_payments.deps.refunding import advance_refunds, look_at_refunds
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.payments import RefundStatus
from shopsite_payments.errors import AnswerLost, PaystackRefused, PaystackUnavailable, RefundNotRepeatable
from shopsite_payments.service.refunds import repeat_refund

pytestmark = pytest.mark.integration


@pytest.fixture
def paid(desk, begin, paystack, payment_of):
    """Return a function that gives a paid order's reference and payment id."""

    async def make(**paid_as):
        order, reference = await begin()
        paystack.pay(reference, **paid_as)
        await settle(desk, reference)
        return order, reference, (await payment_of(order))["id"]

    return make


@pytest.fixture
def refund(client, headers):
    """Return a function that refunds as an admin."""

    async def post(payment_id, body=None, **extra):
        return await client.post(
            f"/api/payment/{payment_id}/refund/", json=body, headers={**headers(role="admin"), **extra}
        )

    return post


def due(db, *, resend=False):
    """Make every refund due, and with ``resend`` let the silence after a lost answer be over."""
    changes = "next_check_at = now()" + (", resend_after = now() - interval '1 second'" if resend else "")
    statement = text(f"UPDATE refunds SET {changes} WHERE next_check_at IS NOT NULL")
    db.run_here(lambda session: session.connection().execute(statement) and None)


def known_refunds(db):
    statement = text("SELECT status, reason, amount::text FROM refunds ORDER BY id")
    return db.run_here(lambda session: [tuple(row) for row in session.connection().execute(statement)])


async def test_a_full_refund_from_the_answer_to_its_end(desk, paid, refund, paystack, payment_of, events, db):
    order, reference, payment_id = await paid()
    answer = await refund(payment_id)
    assert answer.status_code == 202
    assert answer.json()["status"] == "REFUNDING"
    assert answer.json()["refunds"][0]["status"] == "PENDING"
    [started] = events(RefundStarted)
    assert (started.full, started.reason, started.amount) == (True, "admin", order.total)
    await advance_refunds(desk)
    assert [made.amount for made in paystack.refunds[reference]] == [order.total]
    paystack.end_refunds(reference, RefundStatus.PROCESSED)
    due(db)
    await advance_refunds(desk)
    payment = await payment_of(order)
    assert (payment["status"], payment["refunds"][0]["status"]) == ("REFUNDED", "PROCESSED")
    [ended] = events(PaymentRefunded)
    assert (ended.full, ended.refund_id) == (True, started.refund_id)
    assert paystack.calls["create_refund"] == 1


async def test_parts_add_up_to_the_whole(desk, paid, refund, paystack, payment_of, events, db):
    order, reference, payment_id = await paid()
    paystack.refund_status = RefundStatus.PROCESSED
    first = await refund(payment_id, {"amount": "1000.00", "reason": "One item was damaged"})
    assert first.json()["refunds"][0]["reason"] == "One item was damaged"
    await advance_refunds(desk)
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    too_much = await refund(payment_id, {"amount": "1500.01"})
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_too_large")
    assert too_much.json()["details"] == {"left": "1500.00"}
    assert (await refund(payment_id)).status_code == 202
    await advance_refunds(desk)
    assert (await payment_of(order))["status"] == "REFUNDED"
    assert [event.full for event in events(RefundStarted)] == [False, True]
    assert [event.full for event in events(PaymentRefunded)] == [False, True]
    nothing = await refund(payment_id)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "not_refundable")
    assert sum(made.amount for made in paystack.refunds[reference]) == order.total


async def test_parts_at_the_same_time_never_exceed_what_arrived(desk, paid, refund, paystack, db):
    order, reference, payment_id = await paid()
    answers = await asyncio.gather(*(refund(payment_id, {"amount": "400.00"}) for _ in range(20)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(202), codes.count(409)) == (6, 14)
    await asyncio.gather(*(advance_refunds(desk) for _ in range(4)))
    assert sum(made.amount for made in paystack.refunds[reference]) == Decimal("2400.00") <= order.total


async def test_the_audit_log_hears_of_it(paid, refund, events):
    _, _, payment_id = await paid()
    await refund(payment_id, {"amount": "5.00"})
    [acted] = events(AdminActed)
    assert (acted.action, acted.object_id, acted.changes["amount"]) == ("payment.refund", payment_id, "5.00")


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "0.00"},
        {"amount": "-1.00"},
        {"amount": "1.001"},
        {"amount": "x"},
        {"amount": True},
        {"reason": "x" * 501},
        {"status": "PROCESSED"},
        [],
    ],
)
async def test_a_refund_that_cannot_be_read(paid, refund, body):
    _, _, payment_id = await paid()
    assert (await refund(payment_id, body)).status_code == 400


@pytest.mark.parametrize("role", ["customer", "staff"])
async def test_only_admins_refund(client, paid, headers, role):
    order, _, payment_id = await paid()
    answer = await client.post(f"/api/payment/{payment_id}/refund/", headers=headers(order.customer_id, role=role))
    assert answer.status_code == 403


async def test_refunds_of_nothing(desk, begin, refund, payment_of):
    order, _ = await begin()
    unpaid = await refund((await payment_of(order))["id"])
    assert (unpaid.status_code, unpaid.json()["code"]) == (409, "not_refundable")
    assert (await refund(uuid7())).status_code == 404
    assert (await refund("nonsense")).status_code == 404


async def test_an_idempotency_key_refunds_once(client, paid, headers, db):
    _, _, payment_id = await paid()
    admin = {**headers(role="admin"), "Idempotency-Key": "r-1"}
    url = f"/api/payment/{payment_id}/refund/"
    first = await client.post(url, json={"amount": "5.00"}, headers=admin)
    second = await client.post(url, json={"amount": "5.00"}, headers=admin)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert len(known_refunds(db)) == 1


async def test_held_money_goes_back_whole_in_its_own_sum_and_currency(desk, paid, refund, paystack, payment_of, events):
    order, reference, payment_id = await paid(amount=Decimal("19.00"), currency="USD")
    paystack.refund_status = RefundStatus.PROCESSED
    assert (await refund(payment_id, {"amount": "19.01"})).status_code == 409
    assert (await refund(payment_id, {"amount": "9.00"})).json()["status"] == "REFUNDING"
    await advance_refunds(desk)
    assert (await payment_of(order))["status"] == "HELD"
    await refund(payment_id)
    await advance_refunds(desk)
    assert (await payment_of(order))["status"] == "REFUNDED"
    assert [(made.amount, made.currency) for made in paystack.refunds[reference]] == [
        (Decimal("9.00"), "USD"),
        (Decimal("10.00"), "USD"),
    ]
    assert [event.full for event in events(PaymentRefunded)] == [False, True]


@pytest.mark.parametrize("answered", [True, False])
async def test_a_refund_whose_answer_was_lost_is_found_and_not_made_twice(desk, paid, refund, paystack, db, answered):
    _, reference, payment_id = await paid()
    await refund(payment_id)
    paystack.after["create_refund"] = [AnswerLost(answered=answered)]
    await advance_refunds(desk)
    for _ in range(3):
        due(db, resend=True)
        await advance_refunds(desk)
    assert paystack.calls["create_refund"] == 1
    assert len(paystack.refunds[reference]) == 1


async def test_a_silent_paystack_is_not_asked_again_at_once(desk, paid, refund, paystack, db):
    _, reference, payment_id = await paid()
    await refund(payment_id)
    paystack.trouble["create_refund"] = [AnswerLost(answered=False)]
    await advance_refunds(desk)
    due(db)
    await advance_refunds(desk)
    assert paystack.calls["create_refund"] == 1, "the first call may still be under way"
    due(db, resend=True)
    await advance_refunds(desk)
    assert paystack.calls["create_refund"] == 2
    assert len(paystack.refunds[reference]) == 1


@pytest.mark.parametrize("name", ["list_refunds", "create_refund"])
async def test_paystack_down_delays_a_refund(desk, paid, refund, paystack, name, db):
    _, reference, payment_id = await paid()
    await refund(payment_id)
    paystack.trouble[name] = [PaystackUnavailable()]
    await advance_refunds(desk)
    assert paystack.refunds[reference] == []
    due(db)
    await advance_refunds(desk)
    assert len(paystack.refunds[reference]) == 1


async def test_workers_at_the_same_time_ask_once(desk, paid, refund, paystack):
    _, _, payment_id = await paid()
    await refund(payment_id)
    await asyncio.gather(*(advance_refunds(desk) for _ in range(8)))
    assert paystack.calls["create_refund"] == 1


async def test_what_a_dead_worker_was_at_is_taken_over_and_asked_once(desk, paid, refund, paystack, db, monkeypatch):
    _, _, payment_id = await paid()
    await refund(payment_id)
    asked, ask = asyncio.Event(), paystack.create_refund

    async def lose_the_answer(**values):
        await ask(**values)
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(paystack, "create_refund", lose_the_answer)
    work = asyncio.create_task(advance_refunds(desk))
    await asked.wait()
    soon = text("SELECT next_check_at < now() + interval '25 seconds' FROM refunds")
    assert db.run_here(lambda session: session.connection().execute(soon).scalars().all()) == [True]
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    due(db)
    await advance_refunds(desk)
    assert known_refunds(db)[0][0] in {"PENDING", "PROCESSED"}
    assert paystack.calls["create_refund"] == 1


async def test_a_refused_refund_fails_frees_its_amount_and_may_be_repeated(
    desk, paid, refund, paystack, payment_of, events, db
):
    order, _, payment_id = await paid()
    await refund(payment_id)
    paystack.trouble["create_refund"] = [PaystackRefused("Insufficient balance to fulfill this refund")]
    await advance_refunds(desk)
    payment = await payment_of(order)
    assert (payment["status"], payment["refunds"][0]["status"]) == ("SUCCEEDED", "FAILED")
    [failed] = events(RefundFailed)
    assert failed.status == "FAILED"
    again = await refund(payment_id)
    assert (again.status_code, again.json()["status"]) == (202, "REFUNDING")
    assert [row[0] for row in known_refunds(db)] == ["FAILED", "PENDING"]


async def test_a_refund_that_fails_later(desk, paid, refund, paystack, payment_of, events, db):
    order, reference, payment_id = await paid()
    await refund(payment_id)
    await advance_refunds(desk)
    paystack.end_refunds(reference, RefundStatus.FAILED)
    await asyncio.gather(*(look_at_refunds(desk, reference) for _ in range(20)))
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert len(events(RefundFailed)) == 1
    paystack.end_refunds(reference, RefundStatus.PROCESSED)
    await look_at_refunds(desk, reference)
    assert events(PaymentRefunded) == [], "an end stays an end"


async def test_a_refund_that_needs_attention_is_followed_to_its_end(
    desk, paid, refund, paystack, payment_of, events, db
):
    order, reference, payment_id = await paid()
    await refund(payment_id)
    await advance_refunds(desk)
    paystack.end_refunds(reference, RefundStatus.NEEDS_ATTENTION)
    due(db)
    await advance_refunds(desk)
    payment = await payment_of(order)
    assert (payment["status"], payment["refunds"][0]["status"]) == ("REFUNDING", "NEEDS_ATTENTION")
    assert [event.status for event in events(RefundFailed)] == ["NEEDS_ATTENTION"]
    assert (await refund(payment_id)).status_code == 409, "its amount is not free"
    for status in (RefundStatus.PENDING, RefundStatus.PROCESSED):
        paystack.end_refunds(reference, status)
        due(db)
        await advance_refunds(desk)
    assert (await payment_of(order))["status"] == "REFUNDED"
    assert len(events(PaymentRefunded)) == 1


async def test_news_of_a_refund_may_come_in_any_order_and_at_once(desk, paid, refund, paystack, events):
    _, reference, payment_id = await paid()
    await refund(payment_id)
    await advance_refunds(desk)
    paystack.end_refunds(reference, RefundStatus.PROCESSED)
    await asyncio.gather(*(look_at_refunds(desk, reference) for _ in range(50)))
    paystack.end_refunds(reference, RefundStatus.PENDING)
    await look_at_refunds(desk, reference)
    assert len(events(PaymentRefunded)) == 1


async def test_an_external_refund_leaves_less_to_refund(desk, paid, refund, paystack, payment_of, events):
    order, reference, payment_id = await paid()
    paystack.refund_outside(reference, Decimal("2000.00"), status=RefundStatus.PROCESSED)
    assert await look_at_refunds(desk, reference) == 1
    assert await look_at_refunds(desk, reference) == 0
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert len(events(PaymentHeld)) == 1
    assert (await refund(payment_id, {"amount": "500.01"})).status_code == 409
    assert (await refund(payment_id)).json()["refunds"][1]["amount"] == "500.00"


async def test_a_refund_sent_without_an_answer_is_recognised_without_its_note(desk, paid, refund, paystack, db):
    _, reference, payment_id = await paid()
    await refund(payment_id)
    paystack.trouble["create_refund"] = [AnswerLost(answered=False)]
    await advance_refunds(desk)
    paystack.refund_outside(reference, Decimal("2500.00"), note="", status=RefundStatus.PROCESSED)
    due(db)
    await advance_refunds(desk)
    assert known_refunds(db) == [("PROCESSED", "admin", "2500.00")]


async def test_a_failed_duplicates_refund_is_repeated_by_command(
    client, desk, begin, paystack, headers, payment_of, db
):
    order, first = await begin()
    paystack.tell(first, status="failed")
    await settle(desk, first)
    answer = await client.post("/api/pay/", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id))
    second = answer.json()["data"]["reference"]
    paystack.pay(second)
    paystack.pay(first)
    await settle(desk, second)
    await settle(desk, first)
    paystack.trouble["create_refund"] = [PaystackRefused("Insufficient balance")]
    await advance_refunds(desk)
    [row] = (await payment_of(order))["refunds"]
    db.run_here(repeat_refund, refund_id=row["id"], now=utcnow())
    await advance_refunds(desk)
    assert [made.amount for made in paystack.refunds[first]] == [order.total]
    assert paystack.refunds[second] == []
    with pytest.raises(RefundNotRepeatable):
        db.run_here(repeat_refund, refund_id=uuid7(), now=utcnow())
    assert (await payment_of(order))["status"] == "SUCCEEDED"
