"""What the worker recounts of its own mails."""

import pytest

from shopsite_notifications import service

pytestmark = pytest.mark.integration


async def test_a_mail_that_nobody_tries_to_send_is_found(ada, delivery, execute, db):
    assert db.run_here(service.list_forgotten) == []
    execute("UPDATE emails SET next_attempt_at = next_attempt_at - interval '11 minutes'")
    assert len(db.run_here(service.list_forgotten)) == 1
    await delivery.deliver_due()
    assert db.run_here(service.list_forgotten) == []
