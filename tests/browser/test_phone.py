"""The dashboard with a phone: each page fits, and the menu opens. The deeds are told elsewhere, at a desk."""

import pytest

pytestmark = pytest.mark.e2e

PAGES = {
    "home": "",
    "products": "products/",
    "product-new": "products/new/",
    "low-stock": "products/low/",
    "orders": "orders/",
    "payments": "payments/",
    "customers": "customers/",
    "customer-new": "customers/new/",
    "reviews": "reviews/",
    "mails": "notifications/",
    "dead-letters": "dead-letters/",
    "audit": "audit/",
}


async def test_every_page_fits_a_phone(with_phone, as_admin, buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    await as_admin(with_phone)
    await with_phone.reads("Hello")
    others = {
        "product": f"products/{order['items'][0]['product']}/",
        "order": f"orders/{order['id']}/",
        "customer": f"customers/{order['customer']}/",
    }
    for name, path in {**PAGES, **others}.items():
        await with_phone.open(f"/admin/{path}")
        await with_phone.look(name)


async def test_the_menu_opens_and_leads_on(with_phone, as_admin):
    await as_admin(with_phone)
    orders = with_phone.page.get_by_role("link", name="Orders", exact=True)
    assert not await orders.is_visible()
    await with_phone.press("Menu")
    await orders.click()
    await with_phone.page.get_by_role("heading", name="Orders").wait_for()
