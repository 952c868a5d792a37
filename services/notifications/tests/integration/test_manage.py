import pytest
from sqlalchemy import text

from shopsite_common.cli import run_service
from shopsite_common.events import CustomerDeleted
from shopsite_common.ids import uuid7
from shopsite_notifications.domain import KINDS

pytestmark = pytest.mark.integration


def manage(*arguments):
    return run_service("shopsite_notifications", ["manage", *arguments])


def test_previews_of_every_kind_are_written(environment, tmp_path, capsys):
    folder = tmp_path / "mails"
    assert manage("preview-mails", "--out", str(folder)) == 0
    expected = {f"{kind}.{ending}" for kind in KINDS for ending in ("html", "txt")}
    assert {path.name for path in folder.iterdir()} == expected
    assert "SO-10042" in (folder / "shipping.txt").read_text()
    assert "9 mails" in capsys.readouterr().out


def test_failed_mails_are_queued_again_but_no_reset_and_none_to_the_erased(db, happen, make, log, capsys):
    ada, gone = make.customer(), make.customer(email="gone@example.com")
    for person in (ada, gone):
        happen(person)
    happen(make.reset_requested(ada.customer_id, uuid7()), sequence=2)
    happen(make.order_created(customer_id=ada.customer_id))
    db.run_here(
        lambda session: session.connection().execute(
            text("UPDATE emails SET status = 'FAILED' WHERE kind <> 'order_confirmation'")
        )
    )
    happen(CustomerDeleted(customer_id=gone.customer_id), sequence=2)
    assert manage("retry-failed") == 0
    assert "1 mails queued again" in capsys.readouterr().out
    states = {(mail.kind, mail.customer_id): mail.status for mail in log()}
    assert states == {
        ("welcome", ada.customer_id): "PENDING",
        ("welcome", gone.customer_id): "FAILED",
        ("password_reset", ada.customer_id): "FAILED",
        ("order_confirmation", ada.customer_id): "PENDING",
    }
