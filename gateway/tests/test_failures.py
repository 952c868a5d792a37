"""Limits, and what a caller sees while something behind the gateway is down."""

import time

import httpx
import pytest
from backends import Backend
from stack import Gateway

pytestmark = pytest.mark.integration


def assert_problem(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.fixture
def stopped(gateway):
    names = []

    def stop(name):
        gateway.backends[name].stop()
        names.append(name)

    yield stop
    for name in names:
        gateway.backends[name].start()


def test_the_configuration_loads_without_an_error(gateway):
    assert '"level":"error"' not in gateway.log.read_text().split("Starting provider")[1]


def test_it_tells_when_its_routes_are_loaded(gateway):
    assert httpx.get(f"http://127.0.0.1:{gateway.internal}/ready").status_code == 200
    assert gateway.http.get("/ready").status_code == 404


def test_a_stopped_service_is_502_and_the_others_go_on(gateway, stopped):
    stopped("catalog")
    stopped("orders")
    answer = gateway.http.get("/api/products/", headers={"X-Request-ID": "mine"})
    assert_problem(answer, 502, "bad_gateway")
    assert (answer.headers["retry-after"], answer.headers["x-request-id"]) == ("5", "mine")
    assert_problem(gateway.http.post("/api/checkout/", json={}, headers=gateway.signed_in()), 502, "bad_gateway")
    assert gateway.http.get("/api/cart/", headers=gateway.signed_in()).status_code == 200


def test_a_browser_sees_a_page_instead(gateway, stopped):
    stopped("catalog")
    answer = gateway.http.get("/api/products/", headers={"Accept": "text/html"})
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")


def test_a_request_outlives_the_restart_of_its_service(gateway, stopped):
    gateway.backends["cart"].stop()
    gateway.backends["cart"].start()
    answers = [gateway.http.get("/api/cart/", headers=gateway.signed_in()) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}


def test_without_authz_the_guarded_lane_is_503_and_the_rest_lives(gateway, stopped):
    token = gateway.signed_in()
    stopped("authz")
    began = time.monotonic()
    answer = gateway.http.get("/api/cart/", headers=token)
    assert time.monotonic() - began < 3
    assert_problem(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert gateway.http.get("/api/products/").status_code == 200
    assert gateway.http.post("/api/payment/webhook/", content=b"{}").status_code == 200
    assert gateway.http.get("/api/payment/callback/").status_code == 200


def test_without_identity_tokens_still_verify(gateway, stopped):
    token = gateway.signed_in()
    assert gateway.http.get("/api/cart/", headers=token).status_code == 200
    stopped("identity")
    assert gateway.http.get("/api/cart/", headers=gateway.signed_in()).status_code == 200


def test_a_services_own_503_and_429_keep_their_words(gateway):
    for status in ("503", "429", "409"):
        answer = gateway.http.get("/api/cart/", headers=gateway.signed_in() | {"X-Test-Status": status})
        assert (str(answer.status_code), answer.json()["service"]) == (status, "cart")


def test_quotas_by_tier_behind_a_trusted_proxy(tmp_path):
    limits = {"anonymous": "2", "customer": "3", "staff": "0"}
    proxies = {"TRUSTED_PROXIES": "127.0.0.1/32", "TRAEFIK_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS": "127.0.0.1/32"}
    with Gateway(tmp_path, ALLOWED_HOSTS="*", **limits, **proxies) as gateway:
        one, other = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}, {"X-Forwarded-For": "7.7.7.7, 203.0.113.8"}
        answers = [gateway.http.post("/api/token/", json={}, headers=one) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].json()["headers"]["ratelimit"] == '"anonymous";r=1;t=1800'
        assert_problem(answers[2], 429, "too_many_requests")
        assert answers[2].headers["ratelimit-policy"] == '"anonymous";q=2;w=3600'
        assert answers[2].headers["retry-after"]
        assert gateway.http.post("/api/token/", json={}, headers=other).status_code == 200
        customer = [gateway.http.get("/api/cart/", headers=gateway.signed_in() | one) for _ in range(4)]
        assert [answer.status_code for answer in customer] == [200, 200, 200, 429]
        assert customer[3].headers["x-ratelimit-limit"] == "3"
        too_large = gateway.http.post("/api/checkout/", content=b"x" * 2_000_000, headers=gateway.signed_in())
        assert too_large.status_code == 429, "the quota is asked before the body is read"
        admin = gateway.signed_in(role="admin", sub="0190a000-0000-7000-8000-000000000009")
        staff = gateway.http.get("/api/cart/", headers=admin)
        assert (staff.status_code, "ratelimit" in staff.json()["headers"]) == (200, False)


def test_a_413_of_the_gateway_keeps_the_quotas_figures(tmp_path):
    with Gateway(tmp_path, customer="5") as gateway:
        answer = gateway.http.post("/api/checkout/", content=b"x" * 2_000_000, headers=gateway.signed_in())
        assert_problem(answer, 413, "payload_too_large")
        assert answer.headers["x-ratelimit-remaining"] == "4"


def test_of_two_servers_one_may_die(tmp_path):
    second = Backend("second")
    second.start()
    first = Backend("first")
    first.start()
    with Gateway(tmp_path, CATALOG_URL=f"{first.url}, {second.url}") as gateway:
        assert {gateway.http.get("/api/products/").json()["service"] for _ in range(4)} == {"first", "second"}
        first.stop()
        answers = [gateway.http.get("/api/products/") for _ in range(10)]
        assert {answer.status_code for answer in answers} == {200}
    second.stop()


def test_a_flood_from_one_address_is_stopped_at_the_door(tmp_path):
    with Gateway(tmp_path, FLOOD_GUARD_PER_SECOND="1") as gateway:
        statuses = [gateway.http.get("/api/products/").status_code for _ in range(10)]
        assert statuses[:2] == [200, 200]
        assert 429 in statuses
        assert len(gateway.seen("catalog")) == statuses.count(200)
