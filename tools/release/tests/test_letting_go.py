"""A release in a repository of its own: what it writes, and what it refuses before it writes anything."""

import pytest

from shopsite_release import contract, letting_go
from shopsite_release.git import git, last_tag
from shopsite_release.parts import PARTS, ReleaseError

ORDERS, AUTHZ = PARTS["orders"], PARTS["authz"]


def test_a_release_writes_version_date_and_contract_and_tags_that(repository, monkeypatch, orders_now):
    monkeypatch.setattr(contract, "of_code", lambda _part: orders_now)
    assert letting_go.write_and_tag(ORDERS, "1.1.0", repository) == "orders-v1.1.0"
    assert ORDERS.version(repository) == "1.1.0"
    assert "newTag: 1.1.0" in (repository / "deploy/k8s/base/services/orders/kustomization.yaml").read_text()
    assert (repository / "uv.lock").read_text().count('version = "1.1.0"') == 1
    assert contract.released("orders", repository / "contracts").api["info"]["version"] == "1.1.0"
    assert git("status", "--porcelain", root=repository) == ""
    assert git("rev-parse", "orders-v1.1.0^{commit}", root=repository) == git("rev-parse", "HEAD", root=repository)
    assert last_tag(ORDERS, repository) == "orders-v1.1.0"
    assert last_tag(AUTHZ, repository) is None


def changed_file(repository):
    (repository / "left.txt").write_text("over")


def tag(repository):
    git("tag", "orders-v1.1.0", root=repository)


def empty_changelog(repository):
    (repository / "services/orders/CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    git("commit", "--quiet", "--all", "--message", "more", root=repository)


@pytest.mark.parametrize(
    ("version", "before", "refusal"),
    [
        ("1.1.0", changed_file, "The work tree has changes"),
        ("1.1.0", tag, "orders-v1.1.0 is tagged already"),
        ("1.1.0", empty_changelog, "tells of nothing"),
        ("1.0.0", None, "1.0.0 is no newer version"),
        ("0.9.0", None, "0.9.0 is no newer version"),
        ("1.1", None, "'1.1' is no version"),
    ],
)
def test_a_release_is_refused_before_anything_is_written(repository, version, before, refusal):
    if before:
        before(repository)
    with pytest.raises(ReleaseError, match=refusal):
        letting_go.refuse_at_once(ORDERS, version, repository)


def test_what_is_in_order_is_not_refused(repository):
    letting_go.refuse_at_once(ORDERS, "1.1.0", repository)
