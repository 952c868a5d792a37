import asyncio
from datetime import timedelta

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.db import DatabaseDown
from shopsite_common.events import CustomerDeleted, EmailFailed
from shopsite_notifications import service
from shopsite_notifications.worker.delivery import Delivery

pytestmark = pytest.mark.integration


async def test_a_recipient_refused_for_good_fails_at_once_and_is_told(delivery, sink, ada, log, events):
    sink.replies["ada@example.com"] = "550 5.1.1 <ada@example.com> does not exist"
    await delivery.deliver_due()
    (row,) = log()
    assert (row.status, row.attempts) == ("FAILED", 1)
    assert row.error == "550 5.1.1 <<address>> does not exist"
    (event,) = events()
    assert isinstance(event, EmailFailed)
    assert (event.email_id, event.error) == (row.id, row.error)


async def test_a_refusal_for_now_is_tried_again_later_under_the_same_message_id(delivery, sink, ada, log, execute):
    sink.replies["ada@example.com"] = "451 4.7.1 greylisted"
    await delivery.deliver_due()
    (row,) = log()
    assert (row.status, row.attempts, row.error) == ("PENDING", 1, "451 4.7.1 greylisted")
    assert row.next_attempt_at > utcnow()
    assert await delivery.deliver_due() == 0
    sink.replies.clear()
    execute("UPDATE emails SET next_attempt_at = now()")
    await delivery.deliver_due()
    assert log()[0].status == "SENT"
    assert sink.taken[0].message["Message-ID"] == row.message_id


async def test_content_refused_for_good_fails(delivery, sink, ada, log):
    sink.data_reply = "554 5.7.1 spam"
    await delivery.deliver_due()
    assert (log()[0].status, log()[0].error) == ("FAILED", "554 5.7.1 spam")


async def test_a_refusal_past_the_deadline_is_the_end(delivery, sink, ada, log, execute, events):
    sink.replies["ada@example.com"] = "451 later"
    execute("UPDATE emails SET queued_at = now() - interval '73 hours'")
    await delivery.deliver_due()
    assert log()[0].status == "FAILED"
    assert [type(event) for event in events()] == [EmailFailed]


async def test_one_refused_mail_among_many_stops_none(delivery, sink, happen, make, log):
    sink.replies["p3@example.com"] = "550 no"
    for n in range(6):
        happen(make.customer(email=f"p{n}@example.com"))
    await delivery.deliver_due()
    assert len(sink.taken) == 5
    assert [mail.status for mail in log()].count("FAILED") == 1


async def test_a_mail_server_that_is_down_delays_and_loses_nothing(
    clock, resources, sink, happen, make, log, environment
):
    delivery = Delivery(resources, monotonic=clock)
    for n in range(5):
        happen(make.customer(email=f"p{n}@example.com"))
    server, resources.mail_server = resources.mail_server, type(resources.mail_server)("127.0.0.1", 9)
    assert await delivery.deliver_due() == 5
    assert await delivery.deliver_due() == 0, "it pauses"
    assert {(mail.status, mail.attempts) for mail in log()} == {("PENDING", 1)}
    resources.mail_server = server
    clock.now += 1.1
    assert await delivery.deliver_due() == 5, "and all are due as soon as the pause is over"
    assert len(sink.taken) == 5
    assert {mail.status for mail in log()} == {"SENT"}


async def test_the_pause_grows_to_ten_seconds_and_not_beyond(clock, resources, happen, make):
    delivery = Delivery(resources, monotonic=clock)
    happen(make.customer())
    resources.mail_server = type(resources.mail_server)("127.0.0.1", 9)
    pauses = []
    for _ in range(6):
        assert await delivery.deliver_due() == 1
        started = clock.now
        while await delivery.deliver_due() == 0:
            clock.now += 0.5
        pauses.append(clock.now - started)
        clock.now += 100
    assert max(pauses) <= 10
    assert pauses[0] < pauses[1]


async def test_an_outage_past_the_deadline_gives_a_mail_up(delivery, resources, ada, log, execute, events):
    resources.mail_server = type(resources.mail_server)("127.0.0.1", 9)
    execute("UPDATE emails SET queued_at = now() - interval '73 hours'")
    await delivery.deliver_due()
    assert log()[0].status == "FAILED"
    assert [type(event) for event in events()] == [EmailFailed]


@pytest.mark.parametrize("reply", ["421 4.3.2 closing", "530 5.7.0 sign in first", "454 4.7.0 no TLS"])
async def test_a_reply_about_us_is_no_mails_fault(delivery, sink, ada, log, reply):
    sink.replies["ada@example.com"] = reply
    await delivery.deliver_due()
    assert log()[0].status == "PENDING"
    assert await delivery.deliver_due() == 0


async def test_a_server_without_encryption_is_not_used_where_it_is_asked_for(sink, ada, resources, log):
    resources.mail_server = type(resources.mail_server)("127.0.0.1", sink.port, start_tls=True)
    await Delivery(resources).deliver_due()
    assert sink.taken == []
    assert log()[0].status == "PENDING"


async def test_a_server_that_never_answers_is_left_after_the_timeout(resources, ada, log):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    resources.mail_server = type(resources.mail_server)("127.0.0.1", port, timeout=0.2)
    await asyncio.wait_for(Delivery(resources).deliver_due(), 5)
    server.close()
    assert (log()[0].status, log()[0].attempts) == ("PENDING", 1)


async def test_a_crash_before_the_commit_repeats_a_mail_once_under_the_same_message_id(
    resources, sink, ada, log, execute, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*_arguments, **_values):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(service, "record_sent", die)
        with pytest.raises(Killed):
            await Delivery(resources).deliver_due()
    assert log()[0].status == "PENDING"
    survivor = Delivery(resources)
    assert await survivor.deliver_due() == 0, "the lease of the dead process still holds"
    execute("UPDATE emails SET leased_until = now()")
    assert await survivor.deliver_due() == 1
    assert await survivor.deliver_due() == 0
    first, second = sink.taken
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert log()[0].status == "SENT"


async def test_a_database_away_at_the_moment_of_the_commit_repeats_nothing(resources, sink, ada, log, monkeypatch):
    real, failures = resources.db.run, [DatabaseDown(), DatabaseDown()]

    async def run(use_case, **values):
        if use_case is service.record_sent and failures:
            raise failures.pop()
        return await real(use_case, **values)

    monkeypatch.setattr(resources.db, "run", run)
    delivery = Delivery(resources)
    await delivery.deliver_due()
    await delivery.deliver_due()
    assert len(sink.taken) == 1
    assert log()[0].status == "SENT"


async def test_an_account_erased_while_its_mail_is_under_way_is_not_written_back(
    resources, sink, happen, ada, log, events, monkeypatch
):
    real = resources.db.run

    async def run(use_case, **values):
        if use_case is service.record_sent:
            await asyncio.to_thread(happen, CustomerDeleted(customer_id=ada.customer_id), sequence=2)
        return await real(use_case, **values)

    monkeypatch.setattr(resources.db, "run", run)
    await Delivery(resources).deliver_due()
    assert log() == []
    assert events() == []


async def test_a_mail_that_cannot_be_made_rests_and_holds_up_nobody(resources, sink, happen, make, ada, log, execute):
    happen(make.order_created(customer_id=ada.customer_id))
    execute("UPDATE emails SET context = '{\"number\": \"x\"}' WHERE kind = 'order_confirmation'")
    await Delivery(resources).deliver_due()
    welcome, broken = log()
    assert (welcome.status, broken.status, broken.attempts) == ("SENT", "PENDING", 1)
    assert "TypeError" in broken.error


async def test_mails_to_nobody_end_at_their_deadline(delivery, happen, make, log, execute, events):
    happen(make.order_created())
    await delivery.sweep()
    assert log()[0].status == "PENDING"
    execute("UPDATE emails SET queued_at = :then", then=utcnow() - timedelta(hours=73))
    await delivery.sweep()
    assert (log()[0].status, log()[0].error) == ("FAILED", "The recipient is not known.")
    assert [type(event) for event in events()] == [EmailFailed]


async def test_mails_whose_turn_does_not_come_in_time_are_given_back(clock, resources, sink, happen, make, log):
    for n in range(3):
        happen(make.customer(email=f"p{n}@example.com"))
    real = sink.handle_DATA

    async def slow(*arguments):
        clock.now += 60
        return await real(*arguments)

    sink.handle_DATA = slow
    await Delivery(resources, monotonic=clock).deliver_due()
    assert len(sink.taken) == 1
    assert [(mail.status, mail.leased_until) for mail in log()] == [
        ("SENT", None),
        ("PENDING", None),
        ("PENDING", None),
    ]
