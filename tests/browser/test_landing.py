"""The page at the shop's root."""

import pytest

pytestmark = pytest.mark.e2e


async def test_it_shows_how_the_shop_does_and_leads_everywhere(at_desk, shop, buyer, new_product):
    await buyer.pay((await buyer.buy((await new_product())["id"]))["id"])
    await at_desk.open("/")
    for figure in ("Products", "Orders", "Paid today", "Revenue today"):
        await at_desk.page.locator("dt", has_text=figure).first.wait_for()
    await at_desk.look_at_every_width("landing")
    links = await at_desk.page.locator("main a").evaluate_all("found => found.map(it => it.href)")
    own = {f"{at_desk.url}{path}" for path in ("/api/docs/", "/api/redoc/", "/api/schema/", "/admin/", "/api/health/")}
    others = {f"{shop.url(name)}/" for name in ("MAIL_URL", "PAYSTACK_SIMULATOR_URL", "CLOUDINARY_SIMULATOR_URL")}
    assert own | others <= set(links)
    for link in links:
        answer = await shop.request("GET", link, headers={"Accept": "text/html"})
        assert answer.status_code in {200, 303}, link


@pytest.mark.parametrize(
    ("path", "shown"), [("/api/docs/", "#reference .opblock"), ("/api/redoc/", "#reference [data-section-id]")]
)
async def test_the_documents_show_themselves(at_desk, path, shown):
    await at_desk.open(path)
    await at_desk.page.locator(shown).first.wait_for()
    name = path.split("/")[2]
    await at_desk.page.screenshot(path=at_desk.picture_of(name))
