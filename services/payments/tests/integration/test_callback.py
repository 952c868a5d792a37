from decimal import Decimal

import pytest

from shopsite_payments.deps.settling import settle
from shopsite_payments.errors import PaystackUnavailable

pytestmark = pytest.mark.integration

PATH = "/api/payment/callback/"


async def test_coming_back_settles_and_answers_json(client, desk, begin, paystack, payment_of):
    order, reference = await begin()
    paystack.pay(reference)
    answer = await client.get(PATH, params={"reference": reference, "trxref": reference})
    assert answer.status_code == 200
    assert answer.json() == {"reference": reference, "status": "SUCCEEDED", "order_id": str(order.order_id)}
    assert (await payment_of(order))["status"] == "SUCCEEDED"


async def test_a_browser_gets_a_page_that_says_how_it_went(client, desk, begin, paystack):
    _, reference = await begin()
    paystack.tell(reference, status="failed")
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = await client.get(PATH, params={"reference": reference}, headers=browser)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "was declined" in answer.text
    assert "<script" not in answer.text


async def test_the_shops_own_page_by_setting(client, desk, begin, paystack, monkeypatch):
    monkeypatch.setattr(desk.settings, "shop_return_url", "https://shop.example.com/paid?lang=en")
    _, reference = await begin()
    paystack.pay(reference)
    answer = await client.get(PATH, params={"reference": reference})
    assert answer.status_code == 302
    assert answer.headers["location"] == f"https://shop.example.com/paid?lang=en&reference={reference}&status=SUCCEEDED"


async def test_an_unknown_reference_is_404_and_a_missing_one_400(client, desk):
    assert (await client.get(PATH, params={"reference": "x"})).status_code == 404
    assert (await client.get(PATH)).status_code == 400
    assert (await client.get(PATH, params={"reference": "x" * 201})).status_code == 400
    assert (await client.get(PATH, params={"reference": "a\x00b"})).status_code == 400


async def test_a_bad_credential_is_ignored(client, desk, begin):
    _, reference = await begin()
    answer = await client.get(PATH, params={"reference": reference}, headers={"authorization": "Bearer nonsense"})
    assert answer.json()["status"] == "INITIALIZED"


async def test_paystack_down_shows_what_is_known(client, desk, begin, paystack):
    _, reference = await begin()
    paystack.trouble["verify"] = [PaystackUnavailable()]
    answer = await client.get(PATH, params={"reference": reference})
    assert (answer.status_code, answer.json()["status"]) == (200, "INITIALIZED")


async def test_a_slow_paystack_does_not_keep_the_customer(client, desk, begin, paystack, monkeypatch):
    import asyncio

    monkeypatch.setattr("shopsite_payments.api.callback._SECONDS", 0.05)
    _, reference = await begin()
    never = asyncio.Event()

    async def wait(_reference):
        await never.wait()

    monkeypatch.setattr(paystack, "verify", wait)
    answer = await client.get(PATH, params={"reference": reference})
    assert (answer.status_code, answer.json()["status"]) == (200, "INITIALIZED")


async def test_held_money_and_abandoned_pages(client, desk, begin, paystack):
    _, held = await begin()
    paystack.pay(held, amount=Decimal("1.00"))
    _, abandoned = await begin()
    assert (await client.get(PATH, params={"reference": held})).json()["status"] == "HELD"
    assert (await client.get(PATH, params={"reference": abandoned})).json()["status"] == "INITIALIZED"
    assert (await settle(desk, abandoned)).settled is False
