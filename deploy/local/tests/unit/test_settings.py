import importlib
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from shopsite_local import settings
from shopsite_local.layout import ROOT, SERVICES, Instance
from shopsite_local.problems import RunnerError

MEMBERS = [f"shopsite_{name}" for name in (*SERVICES, "authz", "portal")]
PROCESSES = [member for member in MEMBERS if (Path(find_spec(member).origin).parent / "settings.py").exists()]
# Addresses, ports and files that no person sets: each process gets its own.
GIVEN_BY_THE_RUNNER = {
    "PORT", "METRICS_PORT", "BIND_HOST", "STATE_DIR", "SERVICE_KEY_FILE", "SERVICE_PUBLIC_KEYS_DIR", "SHOPSITE_URL",
    "AUTHZ_URL", "PORTAL_URL", "OWN_DATABASE_URL", "MAIL_URL", "PAYSTACK_SIMULATOR_URL",
    "CLOUDINARY_SIMULATOR_URL", *(f"{service.upper()}_URL" for service in SERVICES),
}  # fmt: skip
SHOP = Instance(home=Path("/nowhere"), base=8000)


def test_a_file_of_settings_may_have_comments_quotes_and_exports(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# a comment\n\nA=1\nexport B='two words'\nC=\"x=y\"\nD=d # why\nE=\n = nameless\n")

    assert settings.read_file(path) == {"A": "1", "B": "two words", "C": "x=y", "D": "d", "E": ""}


def test_a_file_that_is_not_there_gives_nothing(tmp_path):
    assert settings.read_file(tmp_path / ".env") == {}


def test_a_hash_inside_a_value_stays():
    assert settings.unquoted("pass#word") == "pass#word"


def test_the_environment_wins_over_the_defaults(monkeypatch):
    monkeypatch.setenv("SHOP_CURRENCY", "GHS")

    assert settings.for_instance(SHOP)["SHOP_CURRENCY"] == "GHS"
    assert settings.for_instance(SHOP)["ORDER_PAYMENT_TIMEOUT_SECONDS"] == "1800"


def test_an_empty_value_is_no_choice(monkeypatch):
    monkeypatch.setenv("EMAIL_HOST", "")

    assert not settings.for_instance(SHOP).has("EMAIL_HOST")


def test_unknown_variables_reach_the_processes_and_harmful_ones_do_not(monkeypatch):
    monkeypatch.setenv("MAX_UNPAID_ORDERS", "3")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

    rest = settings.for_instance(SHOP).rest

    assert rest["MAX_UNPAID_ORDERS"] == "3"
    assert "PYTHONDONTWRITEBYTECODE" not in rest


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://shopsite:old@127.0.0.1:8050/shopsite"),
        ("DATABASE_URL_ORDERS", "postgresql://shopsite_orders:old@localhost:8050/shopsite"),
        ("AMQP_URL", "amqp://shopsite:old@127.0.0.1:8052/"),
        ("REDIS_URL", "redis://:old@127.0.0.1:8051/0"),
        ("PAYSTACK_SECRET_KEY", "sk_test_shopsite0123"),
        ("PAYSTACK_BASE_URL", "http://127.0.0.1:8001"),
        ("CLOUDINARY_URL", "cloudinary://1:2@shopsite?upload_prefix=http://127.0.0.1:8003&secure=true"),
    ],
)
def test_what_make_env_printed_is_no_choice_when_it_comes_back(name, value):
    assert settings.without_own(SHOP, {name: value}) == {}


def test_the_own_mail_catcher_is_no_choice_either():
    assert settings.without_own(SHOP, {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "8004"}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://me:pw@127.0.0.1:5432/shop"),
        ("DATABASE_URL", "postgresql://me:pw@db.example:8050/shop"),
        ("PAYSTACK_SECRET_KEY", "sk_test_0123456789abcdef"),
        ("CLOUDINARY_URL", "cloudinary://1:2@cloud"),
        ("EMAIL_HOST", "127.0.0.1"),
    ],
)
def test_what_a_person_chose_is_kept(name, value):
    assert settings.without_own(SHOP, {name: value}) == {name: value}


@pytest.mark.parametrize("base", ["http", "80", "65500"])
def test_a_base_that_is_no_port_is_refused_with_what_it_should_be(monkeypatch, base):
    monkeypatch.setenv("SHOPSITE_PORT_BASE", base)

    with pytest.raises(RunnerError, match="from 1024 to 65000"):
        settings.port_base()


def test_a_shop_for_tests_takes_nothing_from_the_machine(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:pw@db.example/production")
    monkeypatch.setenv("PAYSTACK_SECRET_KEY", "sk_live_real")

    chosen = settings.for_instance(Instance(home=Path("/nowhere"), base=8000, kind="test"))

    assert not chosen.has("DATABASE_URL")
    assert "sk_live_real" not in (*chosen.given.values(), *chosen.rest.values())
    assert chosen["SHOPSITE_RATE_LIMIT_ANONYMOUS"] == "0"


def test_the_example_lists_the_runner_s_settings_with_their_defaults():
    example = settings.read_file(ROOT / ".env.example")

    assert {name: example.get(name) for name in settings.DEFAULTS} == dict(settings.DEFAULTS)


@pytest.mark.parametrize("member", PROCESSES)
def test_the_example_lists_what_each_process_reads(member):
    read = {name.upper() for name in importlib.import_module(f"{member}.settings").Settings.model_fields}

    assert read - GIVEN_BY_THE_RUNNER - set(settings.read_file(ROOT / ".env.example")) == set()


def test_the_example_says_of_each_setting_what_it_is_for():
    lines = (ROOT / ".env.example").read_text().splitlines()
    unexplained = [
        line for before, line in pairwise(lines) if "=" in line[:40] and not before.startswith("# ")
        and not line.startswith("#")
    ]  # fmt: skip

    assert unexplained == []
