"""What is run beside a part, by which releases there are."""

import pytest

from shopsite_release import runs
from shopsite_release.git import git
from shopsite_release.parts import PARTS

TAGS = {"orders": "orders-v1.2.0", "cart": "cart-v1.0.0", "authz": "authz-v1.1.0", "common": "common-v1.0.0"}


@pytest.fixture
def tagged(monkeypatch):
    monkeypatch.setattr(runs, "last_tag", lambda part: TAGS.get(part.name))


@pytest.mark.parametrize(
    ("part", "planned"),
    [
        (
            "orders",
            [
                "the tests of orders-v1.2.0 on the schema of here",
                "a purchase with orders from here and cart-v1.0.0, authz-v1.1.0",
                "a purchase with orders-v1.2.0 and all others from here",
            ],
        ),
        ("payments", ["a purchase with payments from here and cart-v1.0.0, orders-v1.2.0, authz-v1.1.0"]),
        (
            "authz",
            [
                "a purchase with authz from here and cart-v1.0.0, orders-v1.2.0",
                "a purchase with authz-v1.1.0 and all others from here",
            ],
        ),
        ("common", []),
    ],
)
def test_both_mixtures_and_the_releases_own_tests(tagged, part, planned):
    assert list(runs.planned(PARTS[part])) == planned


def test_nothing_is_run_where_nothing_is_released(monkeypatch):
    monkeypatch.setattr(runs, "last_tag", lambda _part: None)
    assert runs.planned(PARTS["orders"]) == {}


def test_a_work_tree_of_an_older_release_makes_room_for_the_next(repository):
    place = repository / ".local" / "releases"
    for tag in ("orders-v1.0.0", "cart-v1.0.0"):
        git("tag", tag, root=repository)
        git("worktree", "add", "--quiet", "--detach", str(place / tag), tag, root=repository)
    (place / "orders-v1.0.0" / ".venv").mkdir()
    runs.forget_older("orders-v1.1.0", place, repository)
    assert [each.name for each in place.iterdir()] == ["cart-v1.0.0"]
