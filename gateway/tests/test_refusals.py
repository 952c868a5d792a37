"""What the gateway refuses, and that it does so in the shop's words."""

import json
import socket

import pytest

pytestmark = pytest.mark.integration

ID = "0190a000-0000-7000-8000-0000000000aa"
MIB = 1024 * 1024


def assert_problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert (body["status"], body["code"], body["details"]) == (status, code, {})
    assert body["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/internal/",
        "/internal/revocations/",
        "/%69nternal/revocations/",
        "//internal/revocations/",
        "/api/../internal/revocations/",
        "/api/internal/",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/_error/500",
        "/api/",
        "/api/nope/",
        "/api/productsX",
        "/api/products/a/b/c",
        "/api/v2/products/",
        "/API/products/",
        "/adminx",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_is_not_in_the_contract_is_404(gateway, method, path):
    for fields in ({"X-Request-ID": "mine"}, {"X-Request-ID": "mine", **gateway.signed_in()}):
        answer = gateway.http.request(method, path, headers=fields)
        assert_problem(answer, 404, "not_found")
        assert answer.headers["x-request-id"] == "mine"
    assert all(entry["path"].startswith("/.well-known") for entry in gateway.identity.seen)


def raw(gateway, request):
    """Send bytes that no HTTP client would, and return status line and body."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize(
    "target",
    [
        b"/api/products/..%2f..%2finternal%2f",
        b"/api%2fproducts/",
        b"/api/products/..\\..\\internal",
        b"/api/products/%5c..%5cinternal",
        b"/api/products/a%00b",
        b"/%2e%2e/internal/revocations/",
    ],
)
def test_trick_paths_are_404(gateway, target):
    status, body = raw(gateway, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (status, json.loads(body)["code"]) == (404, "not_found")
    assert gateway.seen("catalog") == []


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "SHOP"])
def test_an_unknown_method_is_405(gateway, method):
    answer = gateway.http.request(method, "/api/products/")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize("host", ["evil.example", "shop.example.evil.example", "xlocalhost", "127.0.0.1"])
def test_a_foreign_host_is_400(gateway, host):
    for path in ("/api/products/", "/", "/api/nope/"):
        assert_problem(gateway.http.get(path, headers={"Host": host}), 400, "invalid_host")


def test_an_absolute_target_cannot_choose_a_foreign_host(gateway):
    request = b"GET http://evil.example/api/products/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, body = raw(gateway, request)
    assert (status, json.loads(body)["code"]) == (400, "invalid_host")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9", "LOCALHOST", "shop.example", "www.shop.example", "[::1]:8000"]
)
def test_an_allowed_host_is_served(gateway, host):
    assert gateway.http.get("/api/products/", headers={"Host": host}).json()["headers"]["host"].lower() == host.lower()


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/checkout/", MIB),
        ("/api/token/", MIB),
        (f"/api/products/{ID}/images/", 6 * MIB),
        ("/api/payment/webhook/", 6 * MIB),
    ],
)
def test_a_body_over_the_limit_is_413(gateway, path, limit):
    fields = gateway.signed_in()
    assert gateway.http.post(path, content=b"x" * limit, headers=fields).json()["size"] == limit
    gateway.forget()
    assert_problem(gateway.http.post(path, content=b"x" * (limit + 1), headers=fields), 413, "payload_too_large")
    chunks = (b"x" * 65536 for _ in range(limit // 65536 + 1))
    assert_problem(gateway.http.post(path, content=chunks, headers=fields), 413, "payload_too_large")
    assert gateway.seen("orders") == gateway.seen("catalog") == gateway.seen("payments") == []


def test_every_answer_bears_the_security_headers(gateway):
    for path in ("/api/products/", "/api/cart/", "/api/nope/", "/"):
        headers = gateway.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "strict-transport-security" not in headers, "plain http"


def test_only_the_shops_own_origins_may_call_from_a_browser(gateway):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    allowed = gateway.http.options("/api/cart-items/", headers=asked | {"Origin": "https://shop.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    foreign = gateway.http.options("/api/cart-items/", headers=asked | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in foreign.headers
    answer = gateway.http.get("/api/products/", headers={"Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Origin" in answer.headers["vary"]
    assert gateway.seen("cart") == []


def test_long_answers_are_compressed(gateway):
    padding = {"X-Padding": "x" * 4000}
    assert gateway.http.get("/api/products/", headers=padding).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in gateway.http.get("/api/products/").headers


def test_the_access_log_keeps_no_query(gateway):
    gateway.http.get("/reset-password", params={"token": "very-secret"})
    gateway.http.get("/api/products/", params={"search": "very-secret"})
    assert "very-secret" not in gateway.log.read_text()
