"""Small things that everything rests on: money, ids, context, masking, settings, pages."""

import time
from decimal import Decimal
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shopsite_common import context, masking
from shopsite_common.errors import Forbidden
from shopsite_common.ids import uuid7
from shopsite_common.money import Money, from_minor, to_minor
from shopsite_common.service_tokens import InvalidServiceToken, ServiceSigner, ServiceVerifier
from shopsite_common.settings import ServiceSettings, derived_url, driver_url

MONEY = TypeAdapter(Money)


@given(st.decimals(min_value=0, max_value=10_000_000, places=2))
def test_money_survives_minor_units_and_json(amount):
    assert from_minor(to_minor(amount)) == amount
    assert MONEY.validate_json(MONEY.dump_json(amount)) == amount


@pytest.mark.parametrize(
    ("given_", "shown"), [("5", b'"5.00"'), (5, b'"5.00"'), (19.9, b'"19.90"'), ("0.1", b'"0.10"')]
)
def test_money_is_text_with_two_decimals(given_, shown):
    assert MONEY.dump_json(MONEY.validate_python(given_)) == shown


@pytest.mark.parametrize("wrong", ["1.005", "NaN", "Infinity", True, "x", None, "1e400"])
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(ValidationError):
        MONEY.validate_python(wrong)


def test_an_amount_finer_than_a_minor_unit_is_never_rounded_silently():
    with pytest.raises(ValueError, match="finer"):
        to_minor(Decimal("1.005"))


def test_ids_are_version_seven_and_in_the_order_of_time(monkeypatch):
    first = uuid7()
    later = time.time_ns() + 1_000_000
    monkeypatch.setattr("shopsite_common.ids.time.time_ns", lambda: later)
    second = uuid7()
    assert first < second
    assert (first.version, first.variant) == (7, "specified in RFC 4122")


@pytest.mark.parametrize("header", ["", "garbage", f"00-{'0' * 32}-{'1' * 16}-01", f"00-{'A' * 32}-{'1' * 16}-01"])
def test_a_broken_traceparent_is_replaced(header):
    own, parent = context.enter("", header)
    assert context.trace_id_of(parent) == own
    assert len(own) == 32


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk_test_abc123", "abc123"),
        ("BEARER abc.def", "abc.def"),
        ("Bearer abc.def", "abc.def"),
        ("to ada@example.com", "ada"),
        ("postgresql://u:p@h/db", "u:p"),
        ("a eyJhbGciOi.J9.x", "J9"),
    ],
)
def test_secrets_and_addresses_are_masked_in_logs(text, secret):
    assert secret in text
    assert secret not in masking.mask(text)


def test_what_is_no_secret_is_shown_as_it_is():
    text = "order SO-1 of 2026-11-24: 3 items, mail@ later, see /bearer"
    assert masking.mask(text) == text


class OrdersSettings(ServiceSettings):
    service: ClassVar[str] = "orders"


def test_production_refuses_defaults_and_names_them(monkeypatch):
    monkeypatch.setenv("SHOPSITE_ENV", "production")
    monkeypatch.setenv("DATABASE_URL_ORDERS", "postgresql://shopsite_orders:change-me@db:5432/shopsite")
    with pytest.raises(ValidationError, match="value of DATABASE_URL_ORDERS, AMQP_URL") as refused:
        OrdersSettings()
    assert "change-me" not in str(refused.value)


def test_production_starts_on_the_secrets_that_a_service_uses(monkeypatch):
    monkeypatch.setenv("SHOPSITE_ENV", "production")
    monkeypatch.setenv("DATABASE_URL_ORDERS", "postgresql://shopsite_orders:5ecret@db:5432/shopsite")
    monkeypatch.setenv("AMQP_URL", "amqp://shopsite:5ecret@rabbitmq:5672/")
    assert OrdersSettings().production


def test_each_service_derives_its_role_from_the_one_url(monkeypatch):
    owner = "postgresql://shop:secret@db:5432/shopsite"
    monkeypatch.setenv("DATABASE_URL", owner)
    monkeypatch.delenv("DATABASE_URL_ORDERS", raising=False)
    url = OrdersSettings().service_database_url
    assert url == driver_url(derived_url(owner, "orders"))
    assert url.startswith("postgresql+psycopg2://shopsite_orders:")
    assert "secret" not in url
    assert derived_url(owner, "cart") != derived_url(owner, "orders")


def test_a_service_token_counts_for_its_callee_and_its_caller_alone(service_keys):
    verifier = ServiceVerifier("catalog", service_keys.public_dir)
    token = ServiceSigner("orders", service_keys.private_file("orders")).token_for("catalog")
    assert verifier.verify(token, allowed=frozenset({"orders"})) == "orders"
    with pytest.raises(Forbidden):
        verifier.verify(token, allowed=frozenset({"cart"}))
    elsewhere = ServiceSigner("orders", service_keys.private_file("orders")).token_for("payments")
    impostor = ServiceSigner("orders", service_keys.private_file("cart")).token_for("catalog")
    for wrong in (
        elsewhere,
        impostor,
        "x",
        ServiceSigner("../x", service_keys.private_file("cart")).token_for("catalog"),
    ):
        with pytest.raises(InvalidServiceToken):
            verifier.verify(wrong, allowed=frozenset({"orders"}))
