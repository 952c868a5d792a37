"""What the worker recounts of its own webhooks and refunds."""

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7
from shopsite_payments.deps.refunding import advance_refunds
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.webhooks import read_notice
from shopsite_payments.service import refunds, webhooks

pytestmark = pytest.mark.integration


def age(db, table, column):
    statement = text(f"UPDATE {table} SET {column} = {column} - interval '11 minutes'")
    db.run_here(lambda session: session.connection().execute(statement) and None)


def test_a_webhook_that_nobody_works_on_is_found(db):
    notice = read_notice({"event": "charge.success", "data": {"id": 1, "reference": "r"}})
    stored = db.run_here(webhooks.store_webhook, notice=notice, body=b"{}", now=utcnow())
    assert db.run_here(webhooks.list_forgotten) == []
    age(db, "raw_webhooks", "received_at")
    assert db.run_here(webhooks.list_forgotten) == [stored]
    db.run_here(webhooks.finish_webhook, webhook_id=stored, reference="r", outcome="done", now=utcnow())
    assert db.run_here(webhooks.list_forgotten) == []


async def test_a_refund_that_paystack_was_never_asked_for_is_found(desk, begin, paystack, payment_of, db):
    order, reference = await begin()
    paystack.pay(reference)
    await settle(desk, reference)
    payment_id = (await payment_of(order))["id"]
    values = {"amount": None, "note": None, "actor_id": uuid7(), "now": utcnow()}
    db.run_here(refunds.refund_payment, payment_id=payment_id, **values)
    assert db.run_here(refunds.list_forgotten) == []
    age(db, "refunds", "created_at")
    assert len(db.run_here(refunds.list_forgotten)) == 1
    await advance_refunds(desk)
    assert db.run_here(refunds.list_forgotten) == []
