"""The gateway's errors in both forms, and the pages."""

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shopsite_portal.gateway_errors import prefers_html

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_host"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (413, "payload_too_large"),
        (502, "bad_gateway"),
        (503, "service_unavailable"),
        (504, "gateway_timeout"),
    ],
)
async def test_each_of_the_gateways_errors_has_the_shops_format(portal, status, code):
    answer = await portal.get(f"/_error/{status}", headers={"X-Request-ID": "mine"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "mine"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "code", "error", "details"}
    assert (body["status"], body["code"], body["details"]) == (status, code, {})
    assert ("retry-after" in answer.headers) == (status in {502, 503, 504})
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_an_unknown_address_is_404_for_every_method(portal, method):
    assert (await portal.request(method, "/_error/404")).status_code == 404


async def test_the_quotas_figures_stay_on_the_gateways_error(portal):
    answer = await portal.get("/_error/413", headers={"RateLimit": '"customer";r=3;t=9', "X-RateLimit-Limit": "1000"})
    assert (answer.headers["ratelimit"], answer.headers["x-ratelimit-limit"]) == ('"customer";r=3;t=9', "1000")


async def test_a_browser_reads_a_page(portal):
    answer = await portal.get("/_error/502", headers={"Accept": BROWSER})
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "5"
    assert "502" in answer.text


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        (BROWSER, True),
        ("application/json", False),
        ("text/html", True),
        ("text/html;q=0.4, application/json;q=0.9", False),
        ("text/html;q=broken, */*", False),
    ],
)
def test_html_only_for_those_who_prefer_it(accept, html):
    assert prefers_html(accept) is html


@pytest.mark.parametrize("path", ["/", "/reset-password", "/reset-password/", "/api/docs/", "/api/docs", "/api/redoc/"])
async def test_pages_are_served_under_a_policy_that_lets_no_foreign_script_in(portal, path):
    for method in ("GET", "HEAD"):
        answer = await portal.request(method, path)
        assert answer.status_code == 200
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
    page = (await portal.get(path)).text
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["/", "/reset-password", "/api/docs/", "/api/redoc/"])
async def test_whatever_a_page_loads_is_there(portal, path):
    page = (await portal.get(path)).text
    wanted = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    for asset in (name for name in wanted if name.startswith("/static/")):
        assert (await portal.get(asset)).status_code == 200, asset


async def test_the_reset_page_is_not_kept_and_never_shows_the_token(portal):
    answer = await portal.get("/reset-password?token=secret-token")
    assert answer.headers["cache-control"] == "no-store"
    assert "secret-token" not in answer.text


@pytest.mark.parametrize(
    ("reset_url", "onward"),
    [
        ("https://shop.example/new-password", "https://shop.example/new-password?token=secret-token"),
        ("https://shop.example/?page=reset", "https://shop.example/?page=reset&token=secret-token"),
    ],
)
async def test_with_a_shop_front_the_reset_link_leads_there(make_app, reset_url, onward):
    transport = httpx.ASGITransport(make_app(shop_reset_url=reset_url))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        answer = await client.get("/reset-password?token=secret-token")
    assert (answer.status_code, answer.headers["location"]) == (302, onward)
    assert answer.headers["cache-control"] == "no-store"


async def page_of(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as client:
        return (await client.get("/")).text


@pytest.fixture
def with_key(tmp_path):
    """What a portal with a key of its own is set to."""
    file = tmp_path / "portal.pem"
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(pem)
    return {"service_key_file": file}


async def test_under_development_the_landing_page_shows_how_the_shop_does(services, make_app, with_key):
    services.answers["http://catalog/api/products/"] = (200, {"count": 1234})
    today = {"orders": 77, "paid_today": 5, "revenue_today": "12345.50", "currency": "NGN"}
    services.answers["http://orders/internal/orders/today/"] = (200, today)
    page = await page_of(make_app(mail_url="http://localhost:8002", **with_key))
    for shown in ("<dd>1,234</dd>", "<dd>77</dd>", "<dd>5</dd>", "NGN 12,345.50", 'href="http://localhost:8002"'):
        assert shown in page


async def test_a_figure_that_cannot_be_had_is_left_out(services, make_app, with_key):
    services.answers["http://catalog/api/products/"] = (200, {"count": 1234})
    page = await page_of(make_app(**with_key))
    assert "<dd>1,234</dd>" in page
    assert "Revenue today" not in page
    assert "Revenue today" not in await page_of(make_app())


async def test_in_production_the_landing_page_tells_nothing_of_the_shop(services, make_app):
    app = make_app(shopsite_env="production", mail_url="http://localhost:8002")
    assert "figures" not in (page := await page_of(app))
    assert "localhost:8002" not in page
    assert services.asked == []


async def test_the_shops_name_is_a_setting(make_app):
    transport = httpx.ASGITransport(make_app(shop_name="Ada & Sons"))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        assert "Ada &amp; Sons" in (await client.get("/")).text


async def test_the_portal_itself_is_alive_and_ready(portal):
    assert (await portal.get("/health/live")).status_code == 200
    assert (await portal.get("/health/ready")).json()["status"] == "ok"


async def test_documents_count_against_the_anonymous_quota(make_app):
    transport = httpx.ASGITransport(make_app(shopsite_rate_limit_anonymous=1))
    fields = {"X-ShopSite-Lane": "public", "X-Forwarded-For": "203.0.113.7"}
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        assert (await client.get("/api/docs/", headers=fields)).status_code == 200
        refused = await client.get("/api/docs/", headers=fields)
    assert refused.status_code == 429
    assert refused.headers["x-request-id"]
