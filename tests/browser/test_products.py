"""Signing in, and the catalog's part of the dashboard, as a person works with it."""

import io
import re
import secrets

import pytest
from PIL import Image

from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.e2e


def picture():
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(file, "PNG")
    return {"name": "lamp.png", "mimeType": "image/png", "buffer": file.getvalue()}


async def test_home_shows_how_the_shop_does(visitor, as_admin, shop):
    await visitor.open("/admin/")
    await visitor.look("sign-in")
    await visitor.sign_in(shop.url("SHOPSITE_ADMIN_EMAIL"), "not the password")
    await visitor.page.get_by_role("alert").wait_for()
    await visitor.sign_in(shop.url("SHOPSITE_ADMIN_EMAIL"), shop.url("SHOPSITE_ADMIN_PASSWORD"))
    for heading in ("Revenue by day", "Orders by status", "Top products", "Low stock", "Services"):
        await visitor.page.get_by_role("heading", name=heading).wait_for()
    for figure in ("Held payments", "Unsent mails", "Dead letters"):
        await visitor.reads(figure)
    await visitor.look("home")


async def test_a_product_goes_on_sale_is_changed_and_leaves(visitor, as_admin, shop):
    name = f"Browser lamp {secrets.token_hex(4)}"
    await as_admin(visitor, "/admin/products/new/")
    await visitor.fill(name=name, price="-5", category="Lamps", tags="warm, brass", stock="7")
    await visitor.press("Put on sale")
    await visitor.page.locator("#price-fault").wait_for()
    assert await visitor.page.locator("#name").input_value() == name
    await visitor.look("product-refused")
    await visitor.fill(price="1999.50")
    await visitor.press("Put on sale")
    product_id = await visitor.id_in_address(r"/admin/products/([0-9a-f-]{36})/")

    await visitor.page.locator("#file").set_input_files(picture())
    await visitor.page.locator("#preview").wait_for(state="visible")
    await visitor.press("Upload")
    await visitor.page.get_by_alt_text("Picture 1").wait_for()
    await visitor.fill(delta="-3", reason="damaged in transit")
    await visitor.press("Adjust")
    await visitor.reads("The stock is corrected.")
    await visitor.reads("damaged in transit")
    await visitor.fill(delta="-30", reason="too many")
    await visitor.press("Adjust")
    await visitor.page.get_by_role("alert").wait_for()
    await visitor.fill(price="2100.00")
    await visitor.press("Save")
    await visitor.reads("Saved.")
    await visitor.look("product")

    seen = (await shop.request("GET", f"/api/products/{product_id}/")).json()
    assert (seen["price"], seen["stock"], seen["tags"], len(seen["images"])) == ("2100.00", 4, ["warm", "brass"], 1)
    await visitor.press("Remove picture 1")
    await visitor.reads("No picture yet.")
    await visitor.confirm("Delete this product…", "Delete the product")
    await visitor.reads("The product is deleted.")
    assert (await shop.request("GET", f"/api/products/{product_id}/")).status_code == 404


async def test_many_products_are_found_and_featured_at_once(visitor, as_admin, admin, shop):
    word = f"mirrorball{secrets.token_hex(4)}"
    made = [await admin.sell(name=f"{word} {size}", price=price) for size, price in (("small", "10"), ("large", "90"))]

    async def featured():
        return [(await shop.request("GET", f"/api/products/{row['id']}/")).json()["is_featured"] for row in made]

    await as_admin(visitor, "/admin/products/")
    await visitor.look("products")
    for step, wanted in (("Feature", True), ("Unfeature", False)):
        await visitor.fill(search=word)
        await visitor.page.get_by_label("Sorted by").select_option("-price")
        await visitor.press("Show")
        await visitor.page.wait_for_url(re.compile("search="))
        names = await visitor.page.locator("tbody th a").all_inner_texts()
        assert names == [f"{word} large", f"{word} small"]
        await visitor.page.get_by_label("All on this page").check()
        await visitor.press(step)
        await visitor.reads("2 products")
        assert await featured() == [wanted, wanted]
    await visitor.open("/admin/products/?is_featured=true&ordering=name&is_in_stock=true")
    assert word not in await visitor.page.content()
    await visitor.open("/admin/products/low/")
    await visitor.look("low-stock")


async def test_staff_see_the_catalog_and_nothing_of_the_admins(visitor, staff):
    await visitor.open("/admin/")
    await visitor.sign_in(staff.email, "securepassword123")
    await visitor.reads("Reviews to approve")
    assert await visitor.page.get_by_role("link", name="Orders").count() == 0
    assert await visitor.page.get_by_text("Revenue").count() == 0
    await visitor.look("home-staff")
    for path in ("orders/", "orders.csv", "payments/"):
        answer = await visitor.page.goto(f"{visitor.url}/admin/{path}")
        assert answer.status == 403
    await visitor.look("refused")


async def test_a_customer_cannot_sign_in(at_desk, buyer):
    await at_desk.open("/admin/")
    await at_desk.sign_in(buyer.email, "securepassword123")
    await at_desk.page.get_by_role("alert").wait_for()


async def test_a_form_with_a_forged_token_changes_nothing(at_desk, as_admin, new_product, shop):
    product = await new_product(stock=5)
    await as_admin(at_desk, f"/admin/products/{product['id']}/")
    await at_desk.fill(delta="-1", reason="forged")
    await at_desk.page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(it => it.value = 'forged')")
    async with at_desk.page.expect_navigation() as arrived:
        await at_desk.press("Adjust")
    assert (await arrived.value).status == 403
    assert (await shop.request("GET", f"/api/products/{product['id']}/")).json()["stock"] == 5


async def test_a_form_of_another_site_is_refused(shop):
    fields = {"email": shop.url("SHOPSITE_ADMIN_EMAIL"), "password": shop.url("SHOPSITE_ADMIN_PASSWORD")}
    headers = {"Origin": "https://elsewhere.example"}
    answer = await shop.request("POST", "/admin/sign-in/", data=fields, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_session_that_ends_leads_to_the_sign_in_and_back(at_desk, as_admin, shop):
    await as_admin(at_desk, "/admin/products/")
    await at_desk.page.get_by_role("heading", name="Products").wait_for()
    [cookie] = [found for found in await at_desk.page.context.cookies() if found["name"] == "shopsite_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    mine = {"Cookie": f"shopsite_session={cookie['value']}"}
    session = (await shop.request("GET", "/api/admin/session/", headers=mine)).json()
    ended = await shop.request("DELETE", "/api/admin/session/", headers={**mine, "X-CSRF-Token": session["csrf_token"]})
    assert ended.status_code == 204

    async def is_sent_away():
        await at_desk.open("/admin/products/low/")
        return "/admin/sign-in/" in at_desk.page.url

    await eventually(is_sent_away, within=30, every=0.5)
    await at_desk.reads("Your session has ended.")
    await at_desk.sign_in(shop.url("SHOPSITE_ADMIN_EMAIL"), shop.url("SHOPSITE_ADMIN_PASSWORD"))
    await at_desk.page.get_by_role("heading", name="Low stock").wait_for()
    await at_desk.press("Sign out")
    await at_desk.page.get_by_role("heading", name="Sign in").wait_for()
    await at_desk.open("/admin/products/")
    assert "/admin/sign-in/" in at_desk.page.url


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "/admin/\\elsewhere"])
async def test_signing_in_leads_to_no_other_site(shop, elsewhere):
    fields = {"email": shop.url("SHOPSITE_ADMIN_EMAIL"), "password": shop.url("SHOPSITE_ADMIN_PASSWORD")}
    answer = await shop.request("POST", "/admin/sign-in/", data={**fields, "next": elsewhere})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")


async def test_pages_run_no_script_of_others_and_stand_in_no_frame(shop):
    answer = await shop.request("GET", "/admin/sign-in/")
    assert answer.headers["x-frame-options"] == "DENY"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]
