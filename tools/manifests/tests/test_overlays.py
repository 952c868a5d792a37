"""What is on disk is right: every overlay, against Kubernetes' schemas and every rule of the shop."""

import pytest
import yaml

from shopsite_manifests import check, credentials
from shopsite_manifests.__main__ import main
from shopsite_manifests.render import CannotRender, overlays, render
from shopsite_manifests.rules import RULES


@pytest.mark.parametrize("overlay", overlays())
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_an_overlay_keeps_the_rule(rendered, overlay, rule):
    assert list(rule(rendered(overlay))) == []


@pytest.mark.parametrize("overlay", overlays())
def test_an_overlay_is_what_kubernetes_takes(rendered, overlay):
    assert list(check.schema_faults(rendered(overlay))) == []


def test_the_command_says_what_it_looked_at(capsys):
    assert main(["check", "local"]) == 0
    assert capsys.readouterr().out.startswith("local: 10")


def test_what_cannot_be_rendered_is_said_in_kubectls_words(tmp_path):
    tmp_path.joinpath("kustomization.yaml").write_text("resources: [nothing.yaml]")
    with pytest.raises(CannotRender, match=r"nothing\.yaml"):
        render(tmp_path)


def test_the_secrets_of_a_new_cluster_are_complete_and_made_by_chance(capsys):
    assert main(["secrets", "--namespace", "mine", "--simulators", "--postgres-direct", "direct:5432"]) == 0
    documents = {found["metadata"]["name"]: found for found in yaml.safe_load_all(capsys.readouterr().out)}
    assert all(found["metadata"]["namespace"] == "mine" for found in documents.values())
    assert {"orders-credentials", "orders-key", "public-keys", "database-owner"} <= documents.keys()
    assert documents.keys() == check.given_secrets().keys()
    first = credentials.make("postgres:5432", "rabbitmq:5672", "redis:6379", direct="direct:5432")
    second = credentials.make("postgres:5432", "rabbitmq:5672", "redis:6379")
    assert first["database-owner"] != second["database-owner"]
    assert "@postgres:5432/" in first["orders-credentials"]["DATABASE_URL_ORDERS"]
    assert "@direct:5432/" in first["orders-credentials"]["RELAY_DATABASE_URL"]


def test_secrets_can_be_printed_for_a_store(capsys):
    assert main(["secrets", "--format", "env"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("identity-credentials/SECRET_KEY='") for line in lines)
