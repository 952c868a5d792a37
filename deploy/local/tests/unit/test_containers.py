import json

import pytest

from shopsite_local import containers
from shopsite_local.commands import Done
from shopsite_local.problems import RunnerError
from shopsite_local.settings import FOR_TESTS


def test_without_docker_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RunnerError, match="no `docker` on this machine"):
        containers.run_tests(tmp_path / "home", [])

    assert not (tmp_path / "home").exists()


def test_without_a_daemon_it_says_so(monkeypatch, tmp_path):
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(RunnerError, match=r"(?s)No Docker daemon answers.*Cannot connect"):
        containers.run_tests(tmp_path / "home", [])


def test_a_test_stack_has_the_settings_of_the_example_its_own_ports_and_name(tmp_path):
    stack = containers.Stack(tmp_path / "home")
    stack.prepare()

    lines = (tmp_path / "home" / "settings").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    published = json.loads((tmp_path / "home" / "published.json").read_text())["services"]

    assert {name: settings[name] for name in FOR_TESTS} == dict(FOR_TESTS)
    assert settings["SHOPSITE_MAIL_PORT"] == str(stack.at.base + 2)
    assert settings["POSTGRES_PASSWORD"] == "change-me-postgres"
    assert published["postgres"]["ports"] == [f"127.0.0.1:{stack.at.port('postgres')}:5432"]
    assert stack.environment["COMPOSE_PROJECT_NAME"] != "shopsite"
    assert stack.facts()["SHOPSITE_URL"] == f"http://localhost:{stack.at.base}"


def test_what_is_killed_is_started_again_as_the_runner_would(monkeypatch):
    ran = []
    monkeypatch.setattr(containers, "run", lambda argv, **_: ran.append(argv[2:]) or Done(0, "", ""))

    containers.act("kill", "orders-api")
    containers.act("resume", "orders-api")

    assert ran == [("kill", "orders-api"), ("start", "orders-api"), ("unpause", "orders-api")]
