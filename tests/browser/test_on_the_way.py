"""The shop's own pages that a customer comes across where there is no shop front: after paying, and for a password."""

import re

import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
async def opened(buyer, new_product):
    """A payment that Paystack's page waits for."""
    order = await buyer.buy((await new_product())["id"])
    return await buyer.begin_payment(order["id"])


@pytest.fixture
def press(shop, opened):
    """Return a function that presses a button on Paystack's page."""

    async def on_page(outcome):
        answer = await shop.request("POST", opened["authorization_url"], data={"outcome": outcome})
        assert answer.status_code in {302, 303}

    return on_page


async def test_the_page_after_paying_waits_and_changes_by_itself(at_desk, opened, press):
    await at_desk.open(f"/api/payment/callback/?reference={opened['reference']}")
    await at_desk.page.get_by_role("heading", name="We are waiting for your payment").wait_for()
    await at_desk.look_at_every_width("payment-waiting")
    await press("success")
    await at_desk.page.get_by_role("heading", name="Thank you, your payment has arrived").wait_for()
    await at_desk.look_at_every_width("payment-arrived")


async def test_the_page_after_a_declined_payment_says_so(at_desk, opened, press):
    await press("failed")
    await at_desk.open(f"/api/payment/callback/?reference={opened['reference']}")
    await at_desk.page.get_by_role("heading", name="Your payment was declined").wait_for()
    await at_desk.look_at_every_width("payment-declined")


async def test_the_page_behind_the_password_mail_sets_a_new_one_once(at_desk, shop, buyer):
    answer = await shop.request("POST", "/api/password/forgot/", json={"email": buyer.email})
    assert answer.status_code == 202

    async def link():
        return re.search(r"/reset-password\?token=\S+", await shop.latest_mail(buyer.email))

    found = await eventually(link, within=60, every=0.5)
    await at_desk.open(found[0])
    assert "token" not in at_desk.page.url
    await at_desk.look_at_every_width("reset-password")
    await at_desk.fill(new_password="1234567890", confirm_password="1234567890")
    await at_desk.press("Set the password")
    await at_desk.page.locator("#outcome.bad").wait_for()
    await at_desk.look_at_every_width("reset-password-refused")
    await at_desk.fill(new_password="a better pass phrase", confirm_password="a better pass phrase")
    await at_desk.press("Set the password")
    await at_desk.reads("Your password is set.")
    await at_desk.look_at_every_width("reset-password-done")
    await buyer.sign_in("a better pass phrase")
    await at_desk.open(found[0])
    await at_desk.fill(new_password="another pass phrase", confirm_password="another pass phrase")
    await at_desk.press("Set the password")
    await at_desk.page.locator("#outcome.bad").wait_for()
