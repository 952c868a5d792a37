"""Customers, their reviews and mails, dead letters and the audit log in the dashboard."""

import secrets

import pytest

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


async def test_an_account_is_made_changed_and_erased(visitor, as_admin, admin, shop):
    email = f"browser-{secrets.token_hex(5)}@example.com"
    await as_admin(visitor, "/admin/customers/new/")
    await visitor.fill(
        email=email, first_name="Ngozi", last_name="Ade", phone_number="12", password="securepassword123"
    )
    await visitor.press("Make the account")
    await visitor.page.locator("#phone_number-fault").wait_for()
    assert await visitor.page.locator("#password").input_value() == ""
    await visitor.fill(phone_number="+2348012345678", password="securepassword123")
    await visitor.press("Make the account")
    customer_id = await visitor.id_in_address(r"/admin/customers/([0-9a-f-]{36})/")
    await visitor.look("customer")
    await visitor.page.locator("#role").select_option("staff")
    await visitor.page.get_by_label("Active, may sign in").uncheck()
    await visitor.press("Save")
    await visitor.reads("Saved.")
    seen = await admin.get(f"/api/admin/customers/{customer_id}/")
    assert (seen["role"], seen["is_active"], seen["phone_number"]) == ("staff", False, "+2348012345678")

    await visitor.open(f"/admin/customers/?search={email}&role=staff&is_active=false")
    await visitor.page.get_by_role("link", name="Ngozi Ade").click()
    await visitor.page.get_by_text("Erase this person…").click()
    await visitor.fill(confirmation="somebody@example.com")
    await visitor.press("Erase the person")
    await visitor.reads("Nothing was erased")
    await visitor.page.get_by_text("Erase this person…").click()
    await visitor.fill(confirmation=email)
    await visitor.press("Erase the person")
    await visitor.reads("The person is erased.")
    assert (await admin.call("GET", f"/api/admin/customers/{customer_id}/")).status_code == 404
    await visitor.look("customers")


async def test_a_customers_orders_stand_with_the_customer(at_desk, as_admin, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    await as_admin(at_desk, f"/admin/customers/{order['customer']}/")
    await at_desk.page.get_by_role("link", name=order["number"]).click()
    await at_desk.reads("123 Main St, Lagos")


async def test_reviews_are_hidden_approved_and_deleted_many_at_once(visitor, buyer, admin, staff, new_product):
    products = [await new_product() for _ in range(2)]
    for product in products:
        order = await buyer.buy(product["id"])
        await buyer.pay(order["id"])
        await buyer.becomes(order["id"], "PROCESSING", within=60)
    words = f"Bright {secrets.token_hex(4)}"

    async def is_written(product):
        body = {"product": product["id"], "rating": 4, "comment": words}
        return (await buyer.call("POST", "/api/reviews/", json=body)).status_code == 201

    for product in products:
        await eventually(lambda product=product: is_written(product), within=60, every=0.5)
    customer = (await buyer.get("/api/customer_profile/me/"))["id"]

    async def states():
        found = await admin.get(f"/api/reviews/?customer={customer}")
        return [row["is_approved"] for row in found["results"]]

    await visitor.open("/admin/reviews/")
    await visitor.sign_in(staff.email, "securepassword123")
    await visitor.reads(words)
    await visitor.look("reviews")
    for step, wanted in (("Hide", [False, False]), ("Approve", [True, True]), ("Delete for good", [])):
        await visitor.open("/admin/reviews/")
        for box in await visitor.page.locator("tr", has_text=words).get_by_role("checkbox").all():
            await box.check()
        if step == "Delete for good":
            await visitor.page.get_by_text("Delete…").click()
        await visitor.press(step)
        await visitor.reads("2 reviews")
        assert await states() == wanted


async def test_a_mail_is_read_as_sent_and_sent_again(visitor, as_admin, buyer, shop):
    await eventually(lambda: _has_mails(shop, buyer, 1), within=60)
    await as_admin(visitor, f"/admin/notifications/?to={buyer.email}")
    await visitor.look("mails")
    await visitor.page.locator("tbody a").first.click()
    await visitor.reads("Ada")
    await visitor.look("mail")
    async with visitor.page.expect_popup() as opened:
        await visitor.page.get_by_role("link", name="Open as sent").click()
    as_sent = await opened.value
    await as_sent.get_by_text("Ada").first.wait_for()
    await as_sent.close()
    await visitor.press("Send again")
    await visitor.reads("The mail is on its way again.")
    await eventually(lambda: _has_mails(shop, buyer, 2), within=60)


async def _has_mails(shop, account, number):
    return len(await shop.mails(account.email)) >= number


async def test_the_audit_log_tells_who_did_what(visitor, as_admin, staff, new_product):
    product = await new_product(stock=5)
    body = {"delta": -2, "reason": "broken"}
    answer = await staff.call("POST", f"/api/products/{product['id']}/stock/", json=body)
    assert answer.status_code == 200
    await as_admin(visitor)
    await visitor.reads("Hello")

    async def is_told():
        await visitor.open(f"/admin/audit/?object={product['id']}")
        return staff.email in await visitor.page.content()

    await eventually(is_told, within=60, every=0.5)
    await visitor.look("audit")


async def test_staff_find_none_of_these_but_the_reviews(at_desk, staff):
    await at_desk.open("/admin/")
    await at_desk.sign_in(staff.email, "securepassword123")
    await at_desk.page.get_by_role("link", name="Reviews", exact=True).wait_for()
    for part in ("customers", "notifications", "dead-letters", "audit"):
        answer = await at_desk.page.goto(f"{at_desk.url}/admin/{part}/")
        assert answer.status == 403
