"""Which path takes which lane to which service, and what arrives there."""

import json

import pytest

pytestmark = pytest.mark.integration

ID = "0190a000-0000-7000-8000-0000000000aa"
PUBLIC = ["/api/products", f"/api/products/{ID}", f"/api/products/{ID}/reviews", "/api/categories"]
GUARDED = [
    ("identity", "GET", "/api/customer_profile/me"),
    ("identity", "POST", "/api/password/change"),
    ("identity", "GET", "/api/admin/customers"),
    ("identity", "DELETE", f"/api/admin/customers/{ID}"),
    ("identity", "GET", "/api/admin/audit"),
    ("identity", "GET", "/api/admin/session"),
    ("catalog", "POST", "/api/products"),
    ("catalog", "PATCH", f"/api/products/{ID}"),
    ("catalog", "POST", f"/api/products/{ID}/images"),
    ("catalog", "DELETE", f"/api/products/{ID}/images/{ID}"),
    ("catalog", "GET", f"/api/products/{ID}/stock"),
    ("catalog", "GET", "/api/reviews"),
    ("catalog", "PUT", f"/api/reviews/{ID}"),
    ("catalog", "GET", "/api/admin/inventory/low"),
    ("cart", "GET", "/api/cart"),
    ("cart", "GET", "/api/cart/me"),
    ("cart", "POST", "/api/cart-items"),
    ("cart", "DELETE", f"/api/cart-items/{ID}"),
    ("cart", "POST", f"/api/products/{ID}/add_to_cart"),
    ("cart", "DELETE", f"/api/products/{ID}/remove_from_cart"),
    ("orders", "POST", "/api/checkout"),
    ("orders", "GET", "/api/orders"),
    ("orders", "GET", f"/api/orders/{ID}"),
    ("orders", "GET", f"/api/orders/{ID}/timeline"),
    ("orders", "POST", f"/api/orders/{ID}/cancel"),
    ("orders", "POST", f"/api/orders/{ID}/mark_as_shipped"),
    ("orders", "POST", f"/api/orders/{ID}/mark_as_completed"),
    ("orders", "GET", "/api/admin/analytics/sales"),
    ("payments", "POST", "/api/pay"),
    ("payments", "GET", "/api/payment"),
    ("payments", "GET", f"/api/payment/{ID}"),
    ("payments", "POST", f"/api/payment/{ID}/refund"),
    ("notifications", "GET", "/api/admin/notifications"),
    ("notifications", "POST", f"/api/admin/notifications/{ID}/resend"),
]
ANONYMOUS = ["signup", "token", "token/refresh", "token/revoke", "password/forgot", "password/reset", "admin/session"]


@pytest.mark.parametrize("path", PUBLIC)
def test_anonymous_reads_go_straight_to_the_catalog(gateway, path):
    for spelling in (path, f"{path}/"):
        met = gateway.http.get(spelling, params={"page": "2"}).json()
        assert (met["service"], met["path"], met["query"]) == ("catalog", spelling, "page=2")
        assert met["headers"]["x-shopsite-lane"] == "public"
        assert "ratelimit" not in met["headers"]


@pytest.mark.parametrize(("service", "method", "path"), GUARDED)
def test_everything_else_is_checked_first(gateway, service, method, path):
    for spelling in (path, f"{path}/"):
        refused = gateway.http.request(method, spelling)
        assert refused.status_code == 401
        assert refused.json()["code"] == "not_authenticated"
        met = gateway.http.request(method, spelling, headers=gateway.signed_in()).json()
        assert (met["service"], met["method"], met["path"]) == (service, method, spelling)
        assert "x-shopsite-lane" not in met["headers"]
    assert len(gateway.seen(service)) == 2


@pytest.mark.parametrize("path", ANONYMOUS)
def test_signing_in_and_the_like_look_at_no_credential(gateway, path):
    for spelling in (f"/api/{path}", f"/api/{path}/"):
        met = gateway.http.post(spelling, json={}, headers={"Authorization": "Bearer nonsense"}).json()
        assert (met["service"], met["path"]) == ("identity", spelling)
        assert "authorization" not in met["headers"]


@pytest.mark.parametrize("path", ["/api/payment/webhook", "/api/payment/callback"])
def test_paystack_and_the_returning_customer_need_no_check(gateway, path):
    body = b'{"event":"charge.success" }'
    met = gateway.http.post(path, content=body, headers={"X-Paystack-Signature": "abc"}).json()
    assert (met["service"], met["size"]) == ("payments", len(body))
    assert met["headers"]["x-paystack-signature"] == "abc"


def test_the_key_set_is_open(gateway):
    answer = gateway.http.get("/.well-known/jwks.json", headers={"Authorization": "Bearer nonsense"})
    assert answer.json()["keys"][0]["kid"] == "k1"


@pytest.mark.parametrize("path", ["/", "/reset-password", "/static/portal/portal.css", "/api/docs", "/api/redoc/"])
def test_pages_come_from_the_portal(gateway, path):
    assert gateway.http.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_the_first_version_is_the_unversioned_api(gateway):
    assert gateway.http.get("/api/v1/products/").json()["path"] == "/api/products/"
    assert gateway.http.get("/api/v1/cart/me", headers=gateway.signed_in()).json()["path"] == "/api/cart/me"
    assert gateway.http.post("/api/v1/token/", json={}).json()["path"] == "/api/token/"
    assert gateway.http.get("/api/v1/health").status_code == 503, "its services have no health here"


@pytest.mark.parametrize("credential", [{"Authorization": "Bearer nonsense"}, {"Cookie": "a=b; shopsite_session=gone"}])
def test_a_bad_credential_is_401_on_reads_that_need_none(gateway, credential):
    answer = gateway.http.get("/api/products/", headers=credential)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert gateway.seen("catalog") == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_method_that_no_session_knows_is_the_services_to_refuse(gateway, method):
    met = gateway.http.request(method, "/api/admin/session/").json()
    assert (met["service"], met["path"]) == ("identity", "/api/admin/session/")


def test_a_signed_in_reader_passes_the_check(gateway):
    met = gateway.http.get("/api/products/", headers=gateway.signed_in()).json()
    assert met["headers"]["authorization"].startswith("Bearer ey")
    assert "x-shopsite-lane" not in met["headers"]


def test_a_session_arrives_as_a_token(gateway):
    gateway.identity.sessions["c1"] = gateway.identity.token(role="admin")
    cookie = {"Cookie": "shopsite_session=c1"}
    met = gateway.http.get("/api/orders/", headers=cookie).json()
    assert met["headers"]["authorization"] == f"Bearer {gateway.identity.sessions['c1']}"
    assert gateway.http.post("/api/products/", headers=cookie, json={}).status_code == 403
    assert gateway.http.post("/api/products/", headers=cookie | {"X-CSRF-Token": "csrf-1"}, json={}).status_code == 200


def test_nobody_but_the_gateway_says_who_asks(gateway):
    forged = {
        "X-User-Id": "1",
        "X_User_Role": "admin",
        "X-Forwarded-For": "6.6.6.6",
        "X-Real-Ip": "6.6.6.6",
        "X-Forwarded-Method": "GET",
        "X-Forwarded-Uri": "/api/products/",
        "X-ShopSite-Lane": "public",
        "X-Original-Url": "/internal/",
        "RateLimit": "forged",
        "X-RateLimit-Remaining": "999999",
    }
    for path, fields in (("/api/products/", {}), ("/api/cart/", gateway.signed_in())):
        met = gateway.http.get(path, headers=forged | fields).json()["headers"]
        assert not {"x-user-id", "x_user_role", "x-original-url", "x-forwarded-method", "x-forwarded-uri"} & set(met)
        assert "forged" not in json.dumps(met)
        assert "999999" not in json.dumps(met)
        assert met["x-forwarded-for"] == met["x-real-ip"] == "127.0.0.1"
        assert met.get("x-shopsite-lane") == (None if fields else "public")


def test_a_forged_method_does_not_get_past_the_csrf_check(gateway):
    gateway.identity.sessions["c1"] = gateway.identity.token(role="admin")
    fields = {"Cookie": "shopsite_session=c1", "X-Forwarded-Method": "GET"}
    assert gateway.http.delete(f"/api/products/{ID}/", headers=fields).status_code == 403


def test_every_request_has_a_trace_that_its_id_can_be_made_of(gateway):
    met = gateway.http.get("/api/products/", headers={"X-Request-ID": "mine"}).json()["headers"]
    assert met["x-request-id"] == "mine"
    assert len(met["traceparent"]) == 55
