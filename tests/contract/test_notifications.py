"""The notifications' table of the contract, row by row, and the mails that each event brings."""

import asyncio
from email import message_from_bytes, policy

import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e

NOTIFICATION = {"id", "kind", "to", "subject", "status", "attempts", "sent_at", "created_at"}
LOG = "/api/admin/notifications/"


async def logged(admin, to, **filters):
    query = "&".join(f"{name}={value}" for name, value in {"to": to, "page_size": 100, **filters}.items())
    return (await admin.get(f"{LOG}?{query}"))["results"]


async def sent(admin, to, *kinds):
    """Wait until exactly these mails have gone to an address; return their rows, oldest first."""

    async def gone():
        rows = list(reversed(await logged(admin, to)))
        return rows if sorted(row["kind"] for row in rows if row["status"] == "SENT") == sorted(kinds) else None

    return await eventually(gone, within=40, every=0.2)


async def caught(shop, to):
    """Return the mails that arrived at an address, newest first, each as it came over the wire."""
    base = shop.url("MAIL_URL")
    found = (await shop.request("GET", f"{base}/api/v1/search", params={"query": f"to:{to}"})).json()["messages"]
    raw = [await shop.request("GET", f"{base}/api/v1/message/{mail['ID']}/raw") for mail in found]
    return [message_from_bytes(mail.content, policy=policy.default) for mail in raw]


@pytest.mark.row("GET /api/admin/notifications/")
async def test_the_log_lists_every_mail_with_its_fields_newest_first(buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    await sent(admin, buyer.email, "welcome", "order_confirmation")
    page = await admin.get(f"{LOG}?to={buyer.email}")
    newest, oldest = page["results"]
    assert (page["count"], set(newest)) == (2, NOTIFICATION)
    assert (newest["kind"], newest["to"], newest["status"]) == ("order_confirmation", buyer.email, "SENT")
    assert order["number"] in newest["subject"]
    assert (newest["attempts"], newest["sent_at"] >= newest["created_at"]) == (1, True)
    assert oldest["kind"] == "welcome"


@pytest.mark.row("GET /api/admin/notifications/")
async def test_the_log_is_filtered_by_kind_status_and_address(shop, buyer, admin):
    [row] = await sent(admin, buyer.email, "welcome")
    part = buyer.email.split("@")[0].upper()
    found = {
        f"to={buyer.email}": [row],
        f"to={part}": [row],
        f"to={buyer.email}&kind=welcome&status=SENT": [row],
        f"to={buyer.email}&kind=shipping": [],
        f"to={buyer.email}&status=FAILED": [],
        f"to={buyer.email}&unknown=1": [row],
    }
    for query, rows in found.items():
        assert (await admin.get(f"{LOG}?{query}"))["results"] == rows, query
    for query in ("kind=advert", "status=LOST", "page_size=101"):
        problem_of(await admin.call("GET", f"{LOG}?{query}"), 400)
    problem_of(await admin.call("GET", f"{LOG}?page=100000"), 404)
    problem_of(await buyer.call("GET", LOG), 403)
    problem_of(await shop.request("GET", LOG), 401)


@pytest.mark.row("POST /api/admin/notifications/{id}/resend/")
async def test_a_mail_is_sent_again(shop, buyer, admin):
    [row] = await sent(admin, buyer.email, "welcome")
    path = f"{LOG}{row['id']}/resend/"
    problem_of(await buyer.call("POST", path), 403)
    answer = await admin.call("POST", path)
    assert answer.status_code == 202, answer.text

    async def twice():
        return len(await caught(shop, buyer.email)) == 2

    await eventually(twice)
    [after] = await sent(admin, buyer.email, "welcome")
    assert after["id"] == row["id"]
    for unknown in (uuid7(), "not-a-uuid"):
        problem_of(await admin.call("POST", f"{LOG}{unknown}/resend/"), 404)


@pytest.mark.row("POST /api/admin/notifications/{id}/resend/", "E-mails")
async def test_a_password_reset_is_listed_without_its_link_and_never_resent(shop, buyer, admin):
    assert (await shop.request("POST", "/api/password/forgot/", json={"email": buyer.email})).status_code == 202
    row = (await sent(admin, buyer.email, "welcome", "password_reset"))[-1]
    assert row["kind"] == "password_reset"
    problem_of(await admin.call("POST", f"{LOG}{row['id']}/resend/"), 409)
    [mail, _] = await caught(shop, buyer.email)
    token = mail.get_body(("plain",)).get_content().partition("?token=")[2].split()[0]
    listed = await admin.call("GET", f"{LOG}?to={buyer.email}")
    assert token
    assert token not in listed.text
    assert "?token=" not in listed.text


@pytest.mark.row("E-mails")
async def test_each_step_of_a_purchase_has_its_mail_in_html_and_plain_text(shop, buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    assert (await admin.call("POST", f"/api/orders/{order['id']}/mark_as_shipped/")).status_code == 200
    kinds = ("welcome", "order_confirmation", "payment_confirmation", "shipping")
    await sent(admin, buyer.email, *kinds)
    mails = await caught(shop, buyer.email)
    assert len(mails) == 4
    for mail in mails:
        assert mail.get_content_type() == "multipart/alternative"
        assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}
        assert mail["Message-ID"]
    assert sum(order["number"] in mail["Subject"] for mail in mails) == 3


@pytest.mark.row("E-mails")
async def test_a_cancelled_paid_order_brings_both_cancellation_and_refund(buyer, admin, new_product):
    order = await buyer.buy((await new_product())["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    assert (await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    await buyer.becomes(order["id"], "REFUNDED", within=40)
    kinds = ("welcome", "order_confirmation", "payment_confirmation", "cancellation", "refund")
    await sent(admin, buyer.email, *kinds)


@pytest.mark.row("E-mails")
async def test_who_wants_no_order_mails_is_spared_the_shipping_notice_alone(buyer, admin, new_product):
    wanted = {"preferences": {"order_emails": False, "marketing_emails": False}}
    assert (await buyer.call("PATCH", "/api/customer_profile/me/", json=wanted)).status_code == 200
    order = await buyer.buy((await new_product())["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING")
    for step in ("mark_as_shipped", "mark_as_completed"):
        assert (await admin.call("POST", f"/api/orders/{order['id']}/{step}/")).status_code == 200
    [payment] = (await admin.get(f"/api/payment/?order={order['id']}"))["results"]
    assert (await admin.call("POST", f"/api/payment/{payment['id']}/refund/")).status_code == 202
    # the refund's mail comes long after where the shipping notice would have come
    await sent(admin, buyer.email, "welcome", "order_confirmation", "payment_confirmation", "refund")


@pytest.mark.row("E-mails")
async def test_every_active_admin_hears_of_low_stock_and_of_nothing_twice(admin, new_colleague, new_product):
    second = await new_colleague("admin")
    profile = await second.get("/api/customer_profile/me/")
    try:
        await eventually(lambda: low_stock_reaches(admin, second, new_product), within=40, every=0.5)
    finally:
        await admin.call("PATCH", f"/api/admin/customers/{profile['id']}/", json={"role": "customer"})


async def low_stock_reaches(admin, second, new_product):
    """Let a product run low; tell whether both heard of it once: the second admin may be news to notifications."""
    product = await new_product(stock=5, low_stock_threshold=3)
    await admin.call("POST", f"/api/products/{product['id']}/stock/", json={"delta": -2, "reason": "damaged"})

    async def told(account):
        rows = await logged(admin, account.email, kind="low_stock")
        return sum(product["name"] in row["subject"] for row in rows)

    await eventually(lambda: told(admin), within=20, every=0.2)
    counts = await asyncio.gather(told(admin), told(second))
    return counts == [1, 1]
