import pytest

from shopsite_invariants import recount as recounting
from shopsite_invariants import report
from shopsite_invariants.checks import CHECKS
from shopsite_invariants.checks.check import NOT_WITHIN_REACH, found
from shopsite_invariants.cli import NOT_ASKED, main
from shopsite_invariants.recount import differs, recount
from shopsite_invariants.sources import Addresses

NOWHERE = Addresses(databases={})
CLEAN = found(3, ())
LATE = found(3, [("a", "not there yet")])
LOST = found(3, [("b", "lost")])


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(recounting, "PAUSE_SECONDS", 0.0)


def looks(*findings):
    """Return a look that sees these one after the other, and the last one for ever."""
    left = list(findings)
    return lambda _addresses: {"check": left.pop(0) if len(left) > 1 else left[0]}


def test_a_clean_look_is_enough():
    assert not differs(recount(NOWHERE, patience=0, look=looks(CLEAN, LOST)))


def test_what_is_on_its_way_is_waited_for():
    assert not differs(recount(NOWHERE, patience=5, look=looks(LATE, LATE, LATE, CLEAN)))


def test_what_one_look_alone_has_seen_does_not_count():
    assert not differs(recount(NOWHERE, patience=0, look=looks(LATE, LOST)))


def test_what_stays_wrong_is_named():
    findings = recount(NOWHERE, patience=0, look=looks(LOST))
    assert findings["check"].differences == LOST.differences


def test_the_report_has_a_line_for_each_invariant_and_each_difference():
    findings = {check.name: CLEAN for check in CHECKS} | {"carts": LOST, "queues": NOT_WITHIN_REACH}
    lines = list(report.lines(findings))
    assert len(lines) == len(CHECKS) + 1
    assert "        b  lost" in lines
    [queues] = [line for line in lines if "queues" in line]
    assert queues.endswith("(not within reach)")
    assert report.document(findings)["carts"]["differences"] == [{"subject": "b", "text": "lost"}]


def test_a_report_shows_twenty_differences_and_counts_the_others():
    many = found(30, [(number, "lost") for number in range(30)])
    lines = list(report.lines({check.name: many for check in CHECKS[:1]} | {check.name: CLEAN for check in CHECKS[1:]}))
    assert "        … and 10 more" in lines


def test_one_address_serves_all_services():
    addresses = Addresses.from_environment({"DATABASE_URL": "postgresql://owner:secret@db/shop"})
    assert addresses.databases["orders"].startswith("postgresql://shopsite_orders:")
    assert (addresses.amqp, addresses.paystack, addresses.mail) == ("", "", "")


def test_a_shop_without_address_is_not_recounted(monkeypatch, capsys):
    for service in ("IDENTITY", "CATALOG", "CART", "ORDERS", "PAYMENTS", "NOTIFICATIONS"):
        monkeypatch.delenv(f"DATABASE_URL_{service}", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main([]) == NOT_ASKED
    assert "DATABASE_URL_IDENTITY" in capsys.readouterr().err


def test_a_database_that_is_away_is_said(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner:secret@127.0.0.1:1/shop")
    assert main([]) == NOT_ASKED
    assert "cannot be recounted" in capsys.readouterr().err
