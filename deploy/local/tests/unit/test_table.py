from pathlib import Path

import pytest

from shopsite_local import facts
from shopsite_local.layout import ROOT, SERVICES, Instance
from shopsite_local.parts import Stage
from shopsite_local.settings import Settings
from shopsite_local.table import Table

ROLES = [(service, role) for service in SERVICES for role in ("api", "worker")]


@pytest.fixture
def table(tmp_path):
    return Table(Instance(home=tmp_path, base=8000), Settings({}, {"PATH": "/bin"}))


@pytest.mark.parametrize(("service", "role"), ROLES)
def test_a_service_opens_its_own_database_and_no_other(table, service, role):
    seen = {name for name in table.service(service, role).env if name.startswith("DATABASE_URL")}

    assert seen == {f"DATABASE_URL_{service.upper()}"}


def test_only_migrations_may_act_as_the_owner(table):
    owners = [task.name for task in table.tasks() if "DATABASE_URL" in task.env]

    assert owners == [f"migrate-{service}" for service in SERVICES]


@pytest.mark.parametrize(
    ("setting", "knows"),
    [("PAYSTACK_SECRET_KEY", "payments"), ("CLOUDINARY_URL", "catalog"), ("EMAIL_HOST", "notifications")],
)
def test_an_outside_account_is_known_to_one_service_alone(table, setting, knows):
    assert {service for service, role in ROLES if setting in table.service(service, role).env} == {knows}


def test_each_caller_has_its_own_key_and_all_public_halves(table):
    parts = [*(table.service(service, "api") for service in SERVICES), table.gate("authz"), table.gate("portal")]

    own = [Path(part.env["SERVICE_KEY_FILE"]) for part in parts]

    assert len(set(own)) == 8
    assert all(path.exists() for path in own)
    assert {len(list(Path(part.env["SERVICE_PUBLIC_KEYS_DIR"]).iterdir())) for part in parts} == {8}


def test_nothing_of_a_shop_starts_before_all_queues_are_declared(table):
    assert table.service("cart", "worker").after == tuple(f"migrate-{service}" for service in SERVICES)


def test_the_gateway_stops_first_and_workers_last(table):
    stages = [table.traefik().stage, table.service("orders", "api").stage, table.service("orders", "worker").stage]

    assert stages == sorted(stages) == [Stage.GATEWAY, Stage.APIS, Stage.WORKERS]


def test_the_gateway_reads_where_everybody_is(table):
    env = table.traefik().env

    assert env["TRAEFIK_ENTRYPOINTS_WEB_ADDRESS"] == ":8000"
    assert env["ORDERS_URL"] == "http://127.0.0.1:8014"
    assert env["PORTAL_URL"] == "http://127.0.0.1:8008"
    assert "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS" not in env


def test_trusted_proxies_are_told_to_the_gateway_too(tmp_path):
    table = Table(Instance(home=tmp_path, base=8000), Settings({"TRUSTED_PROXIES": "10.0.0.0/8"}, {}))

    assert table.traefik().env["TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS"] == "10.0.0.0/8"


def test_simulators_say_the_address_that_a_browser_uses(table):
    paystack, cloudinary, mail = table.simulators()

    assert paystack.env["PUBLIC_BASE_URL"] == "http://localhost:8001"
    assert paystack.env["PAYSTACK_WEBHOOK_URL"].endswith(":8000/api/payment/webhook/")
    assert cloudinary.env["CLOUDINARY_CLOUD_NAME"] == "shopsite"
    assert mail.env["SMTP_PORT"] == "8004"


def test_no_two_processes_share_a_port(table):
    parts = [table.service(*each) for each in ROLES] + [table.gate("authz"), table.gate("portal"), *table.simulators()]
    ports = [part.env[name] for part in parts for name in ("PORT", "METRICS_PORT", "SMTP_PORT") if name in part.env]

    assert len(ports) == len(set(ports)) == 12 * 2 + 2 * 2 + 4


def test_the_processes_of_a_test_shop_reach_each_other_through_proxies(tmp_path):
    instance = Instance(home=tmp_path, base=8000, kind="test")
    table = Table(instance, Settings({}, {}))
    orders = table.service("orders", "api")

    [network] = table.network()

    assert "postgres=8060:8050" in network.env["LINKS"].split(",")
    assert ":8060/" in orders.env["DATABASE_URL_ORDERS"]
    assert orders.env["CATALOG_URL"] == "http://127.0.0.1:8067"
    assert table.traefik().env["CATALOG_URL"] == "http://127.0.0.1:8012"
    assert ":8050/" in facts.of_shop(instance, Settings({}, {}))["DATABASE_URL_ORDERS"]


def test_a_real_shop_has_no_proxies(table):
    assert table.network() == []
    assert ":8050/" in table.service("orders", "api").env["DATABASE_URL_ORDERS"]


def test_a_part_runs_from_the_checkout_that_is_named_for_it_and_the_others_from_this_one(table, monkeypatch):
    monkeypatch.setenv("SHOPSITE_CHECKOUT_ORDERS", "/releases/orders")
    monkeypatch.setenv("SHOPSITE_CHECKOUT_AUTHZ", "/releases/authz")
    parts = [*table.tasks(), *(table.service(*each) for each in ROLES), table.gate("authz"), table.gate("portal")]

    elsewhere = {part.name: (str(part.cwd), part.argv[0]) for part in parts if part.cwd != ROOT}

    orders = ("/releases/orders", "/releases/orders/.venv/bin/python")
    assert elsewhere == {
        "migrate-orders": orders,
        "orders-api": orders,
        "orders-worker": orders,
        "authz": ("/releases/authz", "/releases/authz/.venv/bin/python"),
    }
