"""The whole question, asked of orders as it stands here."""

from copy import deepcopy

import pytest

from shopsite_release import contract, verdict
from shopsite_release.__main__ import main
from shopsite_release.parts import PARTS


@pytest.fixture
def as_now(monkeypatch, orders_now):
    """Spare each test the making of the document."""
    monkeypatch.setattr(contract, "of_code", lambda _part: orders_now)


def test_a_first_release_is_the_baseline(as_now, tmp_path):
    found = verdict.of(PARTS["orders"], tmp_path)
    assert found.holds
    assert "it becomes the baseline" in "\n".join(found.lines())


def test_code_that_keeps_its_promises_may_go_out(as_now, orders_now, tmp_path):
    orders_now.as_version("1.0.0").write(tmp_path)
    lines = list(verdict.of(PARTS["orders"], tmp_path).lines())
    assert lines[0] == "orders, beside orders 1.0.0:"
    assert lines[-1] == "orders may go out alone."


def test_the_newest_release_counts_and_not_the_last_by_letters(as_now, orders_now, tmp_path):
    for version in ("1.9.0", "1.10.0"):
        orders_now.as_version(version).write(tmp_path)
    assert verdict.of(PARTS["orders"], tmp_path).beside == ["orders 1.10.0"]


def test_each_kind_of_break_is_told_and_ends_with_one(as_now, orders_now, tmp_path, capsys):
    released = deepcopy(orders_now.as_version("1.0.0"))
    released.api["paths"] = {**released.api["paths"], "/api/gifts/": {"get": {}}}
    released.revisions["0009_gifts.py"] = "of a revision that is not here"
    released.publishes["orders.GiftSent.v1"] = {}
    released.write(tmp_path)
    contract.Contract("cart", "2.0.0", {}, {}, {"orders.GiftSent.v1": {}}, {}).write(tmp_path)
    assert main(["can-release", "orders", "--contracts", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "GET /api/gifts/ is gone" in said
    assert "0009_gifts.py was released and is not what it was" in said
    assert "orders.GiftSent.v1 is not sent any more, and cart 2.0.0 read it" in said
    assert said.endswith("orders may NOT go out alone.\n")


def test_an_unknown_part_is_refused(capsys):
    assert main(["can-release", "shipping"]) == 1
    assert "There is no part 'shipping'" in capsys.readouterr().err
