import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.db import DatabaseDown
from shopsite_common.errors import Unavailable
from shopsite_common.events import CustomerDeleted, EmailFailed, EmailSent
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_notifications import service
from shopsite_notifications.worker.delivery import Delivery

pytestmark = pytest.mark.integration


@pytest.fixture
def delivery(resources):
    return Delivery(resources)


@pytest.fixture
def ada(happen, make):
    """A customer whose welcome mail lies behind her."""
    found = make.customer()
    happen(found)
    return found


@pytest.fixture
def execute(db):
    def run(statement, **values):
        db.run_here(lambda session: session.connection().execute(text(statement), values) and None)

    return run


@pytest.fixture
def events(db):
    return lambda: db.run_here(lambda session: emitted(session, "notifications"))


async def test_a_mail_is_sent_with_its_headers_and_both_bodies(delivery, sink, ada, log, events):
    assert await delivery.deliver_due() == 1
    (taken,) = sink.taken
    message = taken.message
    (row,) = log()
    assert taken.to == "ada@example.com"
    assert message["From"] == "Kola & Söhne <no-reply@shop.example>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Welcome! Your account is ready"
    assert message["Message-ID"] == row.message_id == f"<{row.id}.0@shop.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert "Hello Ada," in taken.body("plain")
    assert "Hello Ada," in taken.body("html")
    assert (row.status, row.attempts, row.leased_until, row.error) == ("SENT", 1, None, None)
    assert row.sent_at is not None
    (event,) = events()
    assert event == EmailSent(email_id=row.id, kind="welcome", customer_id=ada.customer_id, order_id=None)


async def test_a_sent_mail_is_not_sent_again(delivery, sink, ada):
    await delivery.deliver_due()
    assert await delivery.deliver_due() == 0
    assert len(sink.taken) == 1


async def test_names_of_all_the_world_arrive_whole(delivery, sink, happen, make):
    person = make.customer(first_name="Ọláyínká 小林 🛍️", email="ola@example.com")
    happen(person)
    happen(make.order_created(customer_id=person.customer_id, items=[make.line(name="Ẹ̀wà “beans” & <b>rice</b>")]))
    await delivery.deliver_due()
    welcome, order = sorted(sink.taken, key=lambda taken: taken.message["Subject"], reverse=True)
    assert "Hello Ọláyínká 小林 🛍️," in welcome.body("plain")
    assert "Ẹ̀wà “beans” & <b>rice</b>" in order.body("plain")
    assert "Ẹ̀wà “beans” &amp; &lt;b&gt;rice&lt;/b&gt;" in order.body("html")


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@example.com", "Ada\nX-Spam: no\n\nbody", "\r\n.\r\nQUIT"])
async def test_a_name_never_becomes_a_header_or_a_line(delivery, sink, happen, make, name):
    happen(make.customer(first_name=name))
    await delivery.deliver_due()
    (taken,) = sink.taken
    assert taken.message["Bcc"] is None
    assert taken.message["X-Spam"] is None
    assert taken.body("plain").startswith("Hello " + " ".join(name.split()) + ",")


async def test_a_product_name_never_becomes_a_header_of_an_alert(delivery, sink, happen, make):
    happen(make.customer(role="admin"))
    happen(make.stock_low(name="Jug\r\nBcc: eve@example.com\r\n\r\n" + "é" * 240))
    await delivery.deliver_due()
    alert = next(taken for taken in sink.taken if "Low stock" in taken.message["Subject"])
    assert alert.message["Bcc"] is None
    assert alert.message["Subject"].startswith("Low stock: Jug Bcc: eve@example.com éé")


@pytest.mark.parametrize("address", ["ada@example.com\r\nBcc: eve@example.com", "no address", "a@b@c", "<>", ""])
async def test_an_address_that_is_none_fails_for_good_and_holds_up_nobody(delivery, sink, happen, make, log, address):
    happen(make.customer(email=address))
    happen(make.customer(email="bola@example.com"))
    await delivery.deliver_due()
    assert [taken.to for taken in sink.taken] == ["bola@example.com"]
    assert [mail.status for mail in log()] == ["FAILED", "SENT"]


async def test_a_domain_of_another_script_is_written_as_dns_writes_it(delivery, sink, happen, make):
    happen(make.customer(email="ada@bücher.example"))
    await delivery.deliver_due()
    assert [taken.to for taken in sink.taken] == ["ada@xn--bcher-kva.example"]


async def test_an_address_that_the_server_cannot_write_fails_for_good(delivery, sink, happen, make, log):
    happen(make.customer(email="ọlá@example.com"))
    await delivery.deliver_due()
    assert sink.taken == []
    assert log()[0].status == "FAILED"


async def test_a_mail_that_waited_for_its_recipient_goes_out_when_they_are_known(delivery, sink, happen, make, log):
    ada = make.customer()
    happen(make.order_created(customer_id=ada.customer_id))
    assert await delivery.deliver_due() == 0
    happen(ada)
    assert await delivery.deliver_due() == 2
    assert {mail.status for mail in log()} == {"SENT"}
    assert {mail.address for mail in log()} == {"ada@example.com"}


async def test_a_notice_that_waited_is_dropped_if_its_recipient_does_not_want_it(delivery, sink, happen, make, log):
    quiet = make.customer(order_emails=False)
    happen(make.order_shipped(customer_id=quiet.customer_id))
    happen(quiet)
    await delivery.deliver_due()
    await delivery.sweep()
    assert [mail.kind for mail in log()] == ["welcome"]
    assert len(sink.taken) == 1


async def test_the_address_of_the_day_of_sending_counts(delivery, sink, happen, make, ada, log):
    happen(make.changed(ada, email="new@example.com"), sequence=2)
    await delivery.deliver_due()
    assert [taken.to for taken in sink.taken] == ["new@example.com"]
    assert log()[0].address == "new@example.com"


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


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def test_a_mail_server_that_is_down_delays_and_loses_nothing(resources, sink, happen, make, log, environment):
    clock = Clock()
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


async def test_the_pause_grows_to_ten_seconds_and_not_beyond(resources, happen, make):
    clock = Clock()
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


async def test_many_senders_share_the_queue_and_send_nothing_twice(resources, sink, happen, make, log):
    for n in range(60):
        happen(make.customer(email=f"p{n}@example.com"))
    await asyncio.gather(*(Delivery(resources).deliver_due() for _ in range(4)))
    assert len(sink.taken) == 60
    assert len({taken.to for taken in sink.taken}) == 60
    assert {mail.status for mail in log()} == {"SENT"}


async def test_a_batch_keeps_fifty_a_second_over_few_connections(resources, sink, db, happen, make, log):
    for n in range(100):
        happen(make.customer(email=f"p{n}@example.com"))
    started = time.monotonic()
    assert await Delivery(resources).deliver_due() == 100
    assert time.monotonic() - started < 2.0
    assert len(sink.taken) == 100
    assert sink.connections == 4


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


async def test_a_reset_link_is_asked_for_at_the_sending_and_stored_nowhere(resources, sink, happen, make, ada, db, log):
    reset_id = resources.identity.give()
    happen(make.reset_requested(ada.customer_id, reset_id), sequence=2)
    await Delivery(resources).deliver_due()
    mail = next(taken for taken in sink.taken if taken.message["Subject"] == "Choose a new password")
    assert "http://localhost:8000/reset-password?token=s3cret" in mail.body("plain")
    assert resources.identity.asked == 1
    everything = str(log()) + str(db.run_here(lambda session: emitted(session, "notifications")))
    assert "s3cret" not in everything


async def test_a_used_reset_is_not_sent(resources, sink, happen, make, ada, log):
    happen(make.reset_requested(ada.customer_id, uuid7()), sequence=2)
    await Delivery(resources).deliver_due()
    (row,) = log("kind = 'password_reset'")
    assert (row.status, row.error) == ("FAILED", "The reset was used or has expired.")
    assert len(sink.taken) == 1


async def test_while_identity_is_away_a_reset_waits_and_others_go(resources, sink, happen, make, ada, log):
    resources.identity.error = Unavailable("identity is not available right now.")
    happen(make.reset_requested(ada.customer_id, uuid7()), sequence=2)
    await Delivery(resources).deliver_due()
    assert [mail.status for mail in log()] == ["SENT", "PENDING"]
    assert log()[1].error == "identity is not available right now."


async def test_orders_is_asked_for_a_number_that_no_mail_has_told(resources, sink, happen, make, ada):
    refund = make.payment_refunded(customer_id=ada.customer_id)
    happen(refund)
    resources.orders.numbers[refund.order_id] = "SO-77"
    await Delivery(resources).deliver_due()
    mail = next(taken for taken in sink.taken if taken.message["Subject"] == "Your refund")
    assert "for order SO-77" in mail.body("plain")


async def test_an_order_that_orders_does_not_know_is_refunded_without_a_number(resources, sink, happen, make, ada):
    happen(make.payment_refunded(customer_id=ada.customer_id))
    await Delivery(resources).deliver_due()
    assert any("We have refunded NGN 25,000.00." in taken.body("plain") for taken in sink.taken)


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


async def test_mails_whose_turn_does_not_come_in_time_are_given_back(resources, sink, happen, make, log):
    clock = Clock()
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
