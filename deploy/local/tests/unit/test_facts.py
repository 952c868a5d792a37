import subprocess

import pytest

from shopsite_local import facts
from shopsite_local.layout import Instance
from shopsite_local.settings import Settings

PROMISED = {
    "SHOPSITE_PORT_BASE", "SHOPSITE_URL", "PAYSTACK_SIMULATOR_URL", "MAIL_URL", "CLOUDINARY_SIMULATOR_URL",
    "SHOPSITE_ADMIN_EMAIL", "SHOPSITE_ADMIN_PASSWORD", "SHOPSITE_RATE_LIMIT_ANONYMOUS", "SHOPSITE_RATE_LIMIT_CUSTOMER",
    "SHOPSITE_RATE_LIMIT_STAFF", "SHOPSITE_RATE_LIMIT_LOGIN", "AMQP_URL", "REDIS_URL", "DATABASE_URL",
    "DATABASE_URL_IDENTITY", "DATABASE_URL_CATALOG", "DATABASE_URL_CART", "DATABASE_URL_ORDERS",
    "DATABASE_URL_PAYMENTS", "DATABASE_URL_NOTIFICATIONS", "SHOPSITE_ENV", "ORDER_PAYMENT_TIMEOUT_SECONDS",
    "PAYMENT_RECONCILE_SECONDS", "EMAIL_HOST", "EMAIL_PORT", "PAYSTACK_SECRET_KEY", "CLOUDINARY_URL",
}  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    return Instance(home=tmp_path, base=8000)


def test_every_promised_key_is_there_with_a_value(shop):
    known = facts.of_shop(shop, Settings({}, {}))

    assert {name for name, value in known.items() if value} >= PROMISED


def test_each_service_has_its_own_role_and_password(shop):
    known = facts.databases(shop, Settings({}, {}))
    own = [value for name, value in known.items() if name != "DATABASE_URL"]

    assert len({url.split("@")[0] for url in own}) == 6
    assert "//shopsite_orders:" in known["DATABASE_URL_ORDERS"]


def test_another_database_serves_all_services(shop):
    known = facts.databases(shop, Settings({"DATABASE_URL": "postgresql://me:pw@db.example:5432/shop"}, {}))

    assert all("@db.example:5432/shop" in url for url in known.values())


def test_a_given_role_is_taken_as_it_is(shop):
    url = "postgresql://orders:pw@orders-db/orders"

    assert facts.databases(shop, Settings({"DATABASE_URL_ORDERS": url}, {}))["DATABASE_URL_ORDERS"] == url


def test_without_a_key_the_simulator_is_paystack(shop):
    known = facts.paystack(shop, Settings({}, {}))

    assert known["PAYSTACK_BASE_URL"] == "http://127.0.0.1:8001"
    assert known["PAYSTACK_SECRET_KEY"].startswith("sk_test_")


def test_with_a_key_paystack_is_the_real_one(shop):
    known = facts.paystack(shop, Settings({"PAYSTACK_SECRET_KEY": "sk_live_1"}, {}))

    assert known["PAYSTACK_BASE_URL"] == "https://api.paystack.co"
    assert "localhost" not in known["PAYSTACK_CHECKOUT_HOSTS"]


def test_a_mail_server_of_the_settings_replaces_the_catcher(shop):
    assert facts.email(shop, Settings({}, {}))["EMAIL_PORT"] == "8004"
    assert facts.email(shop, Settings({"EMAIL_HOST": "mail.example"}, {})) == {
        "EMAIL_HOST": "mail.example",
        "EMAIL_PORT": "587",
    }


def test_a_shell_reads_the_lines_as_they_were_meant():
    awkward = {"A": "x&y", "B": "it's $HOME; exit 1", "C": "plain"}

    said = subprocess.run(
        ["sh", "-c", 'eval "$1"; printf "%s|" "$A" "$B" "$C"', "sh", facts.shell_lines(awkward)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert said == "x&y|it's $HOME; exit 1|plain|"
    assert facts.shell_lines({"C": "http://localhost:8000"}) == "C=http://localhost:8000"
