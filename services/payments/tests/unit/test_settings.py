from datetime import timedelta

import pytest
from pydantic import ValidationError

from shopsite_payments.settings import Settings

LIVE = "sk_live_" + "0" * 24


def settings(**given):
    return Settings(**({"paystack_secret_key": "sk_test_abc"} | given))


@pytest.mark.parametrize(
    "base_url",
    ["http://localhost:8001", "http://api.paystack.co", "https://api.paystack.co.example.com", "https://127.0.0.1"],
)
def test_a_live_key_is_only_sent_to_paystack(base_url):
    with pytest.raises(ValidationError, match="only ever sent to"):
        settings(paystack_secret_key=LIVE, paystack_base_url=base_url)


def test_a_live_key_for_paystack_itself():
    assert settings(paystack_secret_key=LIVE).paystack_base_url == "https://api.paystack.co"


@pytest.mark.parametrize(
    "wrong",
    [
        {"paystack_secret_key": "pk_test_abc"},
        {"paystack_base_url": "api.paystack.co"},
        {"paystack_checkout_hosts": " , "},
        {"payment_reconcile_seconds": 0},
        {"payment_hold_seconds": -1},
        {"shop_return_url": "javascript:alert(1)"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong):
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_an_error_names_no_secret():
    with pytest.raises(ValidationError) as refused:
        settings(paystack_secret_key=LIVE, paystack_base_url="http://localhost:8001")
    assert LIVE not in str(refused.value)
    assert LIVE not in repr(settings(paystack_secret_key=LIVE))


def test_production_refuses_a_test_key():
    assert "PAYSTACK_SECRET_KEY" in settings().unsafe_settings()
    assert "PAYSTACK_SECRET_KEY" not in settings(paystack_secret_key=LIVE).unsafe_settings()


def test_looks_come_often_enough_to_keep_the_interval():
    for seconds in (1, 2, 10, 60, 600):
        found = settings(payment_reconcile_seconds=seconds)
        assert found.look_every <= max(found.reconcile_every / 4, timedelta(seconds=0.5))


def test_hosts_are_a_comma_list():
    assert settings(paystack_checkout_hosts="Checkout.paystack.com, localhost").paystack_checkout_hosts == [
        "checkout.paystack.com",
        "localhost",
    ]
