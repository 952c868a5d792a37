import argparse
from datetime import timedelta

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7
from shopsite_payments import manage
from shopsite_payments.deps.settling import settle
from shopsite_payments.service.refunds import refund_payment

pytestmark = pytest.mark.integration


@pytest.fixture
def run(environment, paystack, orders, monkeypatch, db):
    """Return a function that runs a command line with the fake Paystack."""

    def resources(settings):
        from shopsite_payments.deps.resources import PaymentsResources

        found = PaymentsResources(settings)
        found.paystack, found.orders = paystack, orders
        return found

    monkeypatch.setattr(manage, "PaymentsResources", resources)
    parser = argparse.ArgumentParser()
    manage.configure(parser.add_subparsers(required=True))

    async def command(*words):
        import asyncio

        arguments = parser.parse_args([str(word) for word in words])
        return await asyncio.to_thread(arguments.run, arguments)

    return command


async def test_settle_by_hand(run, begin, paystack, payment_of, capsys):
    order, reference = await begin()
    paystack.pay(reference)
    assert await run("settle", reference) == 0
    assert f"{reference} SUCCEEDED\n" in capsys.readouterr().out
    assert (await payment_of(order))["status"] == "SUCCEEDED"


async def test_settle_an_unknown_reference(run, desk, capsys):
    assert await run("settle", "nobodys") == 2
    assert "no payment with this reference" in capsys.readouterr().err


async def test_reconcile_compares_one_day(run, begin, paystack, capsys):
    _, reference = await begin()
    paystack.pay(reference)
    assert await run("reconcile", "--date", f"{utcnow():%Y-%m-%d}") == 1
    since, until = paystack.compared
    midnight = utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    assert (since, until) == (midnight - timedelta(hours=1), midnight + timedelta(hours=25))
    assert reference in capsys.readouterr().out


async def test_reconcile_tells_differences_by_its_status(run, begin, paystack, capsys):
    _, reference = await begin()
    paystack.pay(reference)
    assert await run("reconcile", "--days", "3") == 1
    out = capsys.readouterr().out
    assert "unpaid_here" in out
    assert "(mended)" in out
    assert await run("reconcile") == 0
    assert "1 compared, 0 differences" in capsys.readouterr().out


async def test_repeat_refund(run, desk, begin, paystack, payment_of, db):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    payment_id = (await payment_of(order))["id"]
    db.run_here(refund_payment, payment_id=payment_id, amount=None, note=None, actor_id=uuid7(), now=utcnow())
    [refund] = (await payment_of(order))["refunds"]
    assert await run("repeat-refund", refund["id"]) == 2
    db.run_here(lambda session: session.connection().execute(text("UPDATE refunds SET status = 'FAILED'")) and None)
    assert await run("repeat-refund", refund["id"]) == 0
    assert [each["status"] for each in (await payment_of(order))["refunds"]] == ["FAILED", "PENDING"]
