from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7
from shopsite_payments.deps.reconciling import reconcile, reconcile_daily
from shopsite_payments.deps.refunding import advance_refunds
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.payments import RefundStatus, Verification
from shopsite_payments.errors import PaystackUnavailable
from shopsite_payments.service.refunds import refund_payment

pytestmark = pytest.mark.integration


@pytest.fixture
def compare(desk):
    async def run():
        report = await reconcile(desk, since=utcnow() - timedelta(days=2))
        return {(found.kind, found.reference, found.mended) for found in report.differences}

    return run


async def test_two_books_that_agree(desk, begin, paystack, compare, db):
    _, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    await begin()
    assert await compare() == set()
    statement = text("SELECT compared, differences, finished_at IS NOT NULL FROM reconciliation_runs")
    assert db.run_here(lambda session: session.connection().execute(statement).all()) == [(1, [], True)]


async def test_a_success_that_nobody_told_us_is_settled(desk, begin, paystack, compare, payment_of):
    order, reference = await begin()
    paystack.pay(reference)
    assert await compare() == {("unpaid_here", reference, True)}
    assert (await payment_of(order))["status"] == "SUCCEEDED"
    assert await compare() == set()


async def test_their_money_that_we_know_nothing_of(desk, paystack, compare):
    paystack.transactions["theirs"] = Verification(
        reference="theirs", status="success", amount=Decimal(5), currency="NGN"
    )
    assert await compare() == {("unknown_here", "theirs", False)}


async def test_our_money_that_they_know_nothing_of(desk, begin, paystack, compare, db):
    _, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    del paystack.transactions[reference]
    assert await compare() == {("unpaid_there", reference, False)}
    statement = text("SELECT differences FROM reconciliation_runs")
    [(kept,)] = db.run_here(lambda session: session.connection().execute(statement).all())
    assert kept[0]["kind"] == "unpaid_there"
    assert kept[0]["ours"] == "2500.00 NGN"


async def test_another_sum(desk, begin, paystack, compare):
    _, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    paystack.pay(reference, amount=Decimal("2499.00"))
    assert await compare() == {("amount", reference, False)}


async def test_a_refund_by_hand_that_no_webhook_told(desk, begin, paystack, compare, payment_of):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    paystack.refund_outside(reference, Decimal("100.00"), status=RefundStatus.PROCESSED)
    paystack.refund_outside("unknown", Decimal("100.00"), status=RefundStatus.PROCESSED)
    assert await compare() == {("external_refund", reference, True)}
    assert (await payment_of(order))["refunds"][0]["reason"] == "external"
    assert await compare() == set()


async def a_refund_of_ours(desk, begin, paystack, db):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    paystack.refund_status = RefundStatus.PROCESSED
    statement = text("SELECT id FROM payments WHERE order_id = :id")
    payment_id = db.run_here(lambda session: session.connection().execute(statement, {"id": order.order_id}).scalar())
    values = {"payment_id": payment_id, "amount": Decimal(100), "note": None, "actor_id": uuid7(), "now": utcnow()}
    await desk.db.run(refund_payment, **values)
    await advance_refunds(desk)
    return reference


async def test_refunds_that_agree(desk, begin, paystack, compare, db):
    await a_refund_of_ours(desk, begin, paystack, db)
    assert await compare() == set()


async def test_a_refund_of_ours_that_they_know_nothing_of(desk, begin, paystack, compare, db):
    reference = await a_refund_of_ours(desk, begin, paystack, db)
    paystack.refunds.clear()
    assert await compare() == {("refund_missing_there", reference, False)}


async def test_a_refund_that_they_know_otherwise(desk, begin, paystack, compare, db):
    reference = await a_refund_of_ours(desk, begin, paystack, db)
    [made] = paystack.refunds[reference]
    paystack.refunds[reference] = [replace(made, amount=Decimal(90))]
    assert await compare() == {("refund", reference, False)}


async def test_daily_means_once_a_day_however_many_workers(desk, paystack):
    first = await reconcile_daily(desk)
    assert first is not None
    assert await reconcile_daily(desk) is None
    assert paystack.calls["list_transactions"] == 2


async def test_a_comparison_that_broke_off_is_made_again_within_two_hours(desk, paystack, db):
    paystack.trouble["list_transactions"] = [PaystackUnavailable()]
    with pytest.raises(PaystackUnavailable):
        await reconcile_daily(desk)
    assert await reconcile_daily(desk) is None
    statement = text("UPDATE reconciliation_runs SET started_at = started_at - interval '61 minutes'")
    db.run_here(lambda session: session.connection().execute(statement) and None)
    assert await reconcile_daily(desk) is not None
