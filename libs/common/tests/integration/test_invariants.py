"""What a worker recounts of its own tables, and how it says so."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import OrderCompleted
from shopsite_common.ids import uuid7
from shopsite_common.invariants import OUTBOX_MOVES, Invariant, recount
from shopsite_common.outbox import emit

pytestmark = pytest.mark.integration


def shown(check):
    return REGISTRY.get_sample_value("shopsite_invariant_violations", {"check": check})


def completed():
    return OrderCompleted(order_id=uuid7(), number="SO-1", customer_id=uuid7(), completed_at=utcnow())


def age_outbox(db, age):
    statement = text("UPDATE outbox SET created_at = created_at - CAST(:age AS interval)")
    db.run_here(lambda session: session.connection().execute(statement, {"age": age}) and None)


async def test_an_event_that_does_not_leave_is_counted(db):
    await db.run(lambda session: emit(session, completed(), completed()))
    await recount(db, (OUTBOX_MOVES,))
    assert shown("outbox_moves") == 0
    age_outbox(db, timedelta(minutes=2))
    await recount(db, (OUTBOX_MOVES,))
    assert shown("outbox_moves") == 2


async def test_what_is_mended_is_counted_no_more(db):
    found = [uuid7(), uuid7()]
    invariant = Invariant("nothing_is_wrong", lambda _session: found)
    await recount(db, (invariant,))
    assert shown("nothing_is_wrong") == 2
    found.clear()
    await recount(db, (invariant,))
    assert shown("nothing_is_wrong") == 0
