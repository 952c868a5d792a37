from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shopsite_common.events import CustomerDeleted
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, event_of
from shopsite_notifications.consumers import HANDLERS
from shopsite_notifications.domain import ERASED_ADDRESS

pytestmark = pytest.mark.integration


@pytest.fixture
def ada(happen, make):
    found = make.customer()
    happen(found)
    return found


def recipients(db):
    statement = text("SELECT * FROM recipients ORDER BY customer_id")
    return db.run_here(lambda session: session.connection().execute(statement).all())


def test_a_new_account_is_welcomed_once_however_often_it_is_told(happen, make, log):
    event_id, ada = uuid7(), make.customer()
    outcomes = [happen(ada, event_id=event_id) for _ in range(3)]
    assert outcomes == [["done"], ["duplicate"], ["duplicate"]]
    (mail,) = log()
    assert (mail.kind, mail.status, mail.address) == ("welcome", "PENDING", "ada@example.com")
    assert mail.context == {}


def test_twenty_copies_at_the_same_time_make_one_mail(db, make, log):
    event = event_of(make.customer())
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: deliver(db, HANDLERS, event), range(20)))
    assert outcomes.count(["done"]) == 1
    assert len(log()) == 1


@pytest.mark.parametrize(
    ("maker", "kind"),
    [
        ("order_created", "order_confirmation"),
        ("order_paid", "payment_confirmation"),
        ("order_shipped", "shipping"),
        ("order_cancelled", "cancellation"),
        ("payment_refunded", "refund"),
    ],
)
def test_each_step_of_an_order_has_its_mail(happen, make, log, ada, maker, kind):
    data = getattr(make, maker)(customer_id=ada.customer_id)
    happen(data)
    (mail,) = log("kind <> 'welcome'")
    assert (mail.kind, mail.address, mail.order_id) == (kind, "ada@example.com", data.order_id)
    assert "customer_id" not in mail.context


def test_a_cancellation_told_again_for_late_money_makes_no_second_mail(happen, make, log, ada):
    first = make.order_cancelled(customer_id=ada.customer_id)
    happen(first, sequence=2)
    happen(first.model_copy(update={"paid": True}), sequence=3)
    (mail,) = log("kind = 'cancellation'")
    assert mail.context["paid"] is False


def test_two_refunds_of_one_order_are_two_mails_with_its_number(happen, make, log, ada):
    order = make.order_created(customer_id=ada.customer_id)
    happen(order)
    for reason in ("admin", "duplicate_payment"):
        happen(make.payment_refunded(customer_id=ada.customer_id, order_id=order.order_id, reason=reason))
    mails = log("kind = 'refund'")
    assert [mail.subject for mail in mails] == ["Your refund for order SO-10042"] * 2


def test_who_does_not_want_shipping_notices_gets_all_else(happen, make, log):
    quiet = make.customer(order_emails=False)
    happen(quiet)
    for maker in (make.order_created, make.order_paid, make.order_shipped, make.order_cancelled):
        happen(maker(customer_id=quiet.customer_id))
    assert [mail.kind for mail in log()] == ["welcome", "order_confirmation", "payment_confirmation", "cancellation"]


def test_a_mail_for_somebody_not_known_yet_waits_without_an_address(happen, make, log):
    happen(make.order_created())
    (mail,) = log()
    assert (mail.status, mail.address) == ("PENDING", None)


def test_an_older_state_never_overwrites_a_newer_one(db, happen, make):
    ada = make.customer()
    happen(make.changed(ada, email="new@example.com", first_name="Adaeze"), sequence=3)
    happen(make.changed(ada, email="middle@example.com"), sequence=2)
    happen(ada, sequence=1)
    (found,) = recipients(db)
    assert (found.email, found.first_name, found.sequence) == ("new@example.com", "Adaeze", 3)


def test_an_account_that_is_welcomed_late_is_welcomed_at_its_newest_address(happen, make, log):
    ada = make.customer()
    happen(make.changed(ada, email="new@example.com"), sequence=2)
    happen(ada, sequence=1)
    (mail,) = log()
    assert (mail.kind, mail.address) == ("welcome", "new@example.com")


def test_admins_alone_are_alerted_and_only_active_ones(happen, make, log):
    admins = [make.customer(role="admin", email=f"admin{n}@example.com") for n in range(2)]
    others = [
        make.customer(role="admin", is_active=False, email="gone@example.com"),
        make.customer(role="staff", email="staff@example.com"),
        make.customer(),
    ]
    for account in (*admins, *others):
        happen(account)
    for alert in (make.stock_low(), make.payment_held(), make.refund_failed()):
        happen(alert)
    alerts = log("kind <> 'welcome'")
    assert sorted((mail.kind, mail.address) for mail in alerts) == [
        ("low_stock", "admin0@example.com"),
        ("low_stock", "admin1@example.com"),
        ("payment_held", "admin0@example.com"),
        ("payment_held", "admin0@example.com"),
        ("payment_held", "admin1@example.com"),
        ("payment_held", "admin1@example.com"),
    ]
    assert {mail.context["reason"] for mail in alerts if mail.kind == "payment_held"} == {
        "amount_mismatch",
        "refund_failed",
    }


def test_an_erased_account_leaves_no_address_and_no_mail_to_send(db, happen, make, log, ada):
    happen(make.order_created(customer_id=ada.customer_id))
    db.run_here(
        lambda session: session.connection().execute(
            text("UPDATE emails SET status = 'SENT', error = 'ada' WHERE kind = 'welcome'")
        )
    )
    happen(CustomerDeleted(customer_id=ada.customer_id), sequence=2)
    (mail,) = log()
    assert (mail.kind, mail.address, mail.error) == ("welcome", ERASED_ADDRESS, None)
    (bare,) = recipients(db)
    assert (bare.email, bare.first_name, bare.erased) == (None, "", True)


def test_what_comes_after_an_erasure_brings_nobody_back(db, happen, make, log):
    ada = make.customer()
    happen(CustomerDeleted(customer_id=ada.customer_id), sequence=2)
    happen(ada, sequence=1)
    happen(make.changed(ada), sequence=3)
    happen(make.order_cancelled(customer_id=ada.customer_id, reason="account_deleted"))
    assert log() == []
    assert [row.email for row in recipients(db)] == [None]


def test_no_address_survives_when_orders_and_erasure_meet(db, happen, make, log):
    people = [make.customer(email=f"p{n}@example.com") for n in range(12)]
    for person in people:
        happen(person)

    def order(person):
        happen(make.order_created(customer_id=person.customer_id))

    def erase(person):
        happen(CustomerDeleted(customer_id=person.customer_id), sequence=2)

    with ThreadPoolExecutor(8) as pool:
        works = [pool.submit(work, person) for person in people for work in (order, erase)]
        for work in works:
            work.result()
    assert [mail.address for mail in log() if mail.address] == []
    assert all(row.email is None for row in recipients(db))


def test_a_password_reset_holds_neither_link_nor_token(happen, make, log, ada):
    reset_id = uuid7()
    happen(make.reset_requested(ada.customer_id, reset_id), sequence=2)
    (mail,) = log("kind = 'password_reset'")
    assert set(mail.context) == {"reset_id", "expires_at"}
