import asyncio
import time

import pytest

from shopsite_common.errors import Unavailable
from shopsite_common.events import EmailSent
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_notifications.worker.delivery import Delivery

pytestmark = pytest.mark.integration


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


async def test_many_senders_share_the_queue_and_send_nothing_twice(resources, sink, happen, make, log):
    for n in range(60):
        happen(make.customer(email=f"p{n}@example.com"))
    await asyncio.gather(*(Delivery(resources, monotonic=lambda: 0.0).deliver_due() for _ in range(4)))
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
