"""What leaves the gateway, whoever answers: one form of error, both forms of a path, documents and health."""

import pytest

from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e


async def test_every_layers_error_has_the_one_form(shop, buyer):
    json = {"Content-Type": "application/json"}
    problem_of(await shop.request("GET", "/api/nothing/"), 404)
    problem_of(await shop.request("GET", "/api/products/not-a-uuid/"), 404)
    problem_of(await shop.request("DELETE", "/api/signup/"), 405)
    problem_of(await shop.request("BREW", "/api/products/"), 405)
    problem_of(await shop.request("POST", "/api/token/", content=b"{not json", headers=json), 400)
    problem_of(await shop.request("POST", "/api/token/", content=b"a=b", headers={"Content-Type": "text/plain"}), 415)
    problem_of(await shop.request("GET", "/api/orders/"), 401)
    problem_of(await buyer.call("GET", "/api/admin/customers/"), 403)
    problem_of(await buyer.call("POST", "/api/checkout/", content=b"x" * 2_000_000, headers=json), 413)
    problem_of(await shop.request("GET", "/api/products/", headers={"Host": "evil.example.com"}), 400)
    missing = await shop.request("POST", "/api/token/", json={})
    assert missing.json()["details"]["email"] == ["This field is required."]


async def test_a_service_that_is_down_is_503_or_502_in_our_words_and_others_live(shop, buyer):
    await shop.ctl("stop", "cart-api")
    try:
        answer = await buyer.call("GET", "/api/cart/me/")
        problem_of(answer, answer.status_code)
        assert answer.status_code in {502, 503}
        assert (await shop.request("GET", "/api/products/")).status_code == 200
        health = await shop.request("GET", "/api/health/")
        assert health.status_code == 503
        assert health.json()["services"]["cart"]["status"] == "unavailable"
    finally:
        await shop.ctl("start", "cart-api")

    async def back():
        return (await buyer.call("GET", "/api/cart/me/")).status_code == 200

    await eventually(back, within=20)


async def test_without_authz_reading_goes_on_and_the_rest_is_503_in_our_words(shop, buyer):
    await shop.ctl("stop", "authz")
    try:
        for method, path in (("GET", "/api/orders/"), ("GET", "/api/products/"), ("POST", "/api/checkout/")):
            answer = await buyer.call(method, path)
            problem_of(answer, 503)
            assert answer.headers["Retry-After"]
        assert (await shop.request("GET", "/api/products/")).status_code == 200
        assert (await shop.request("GET", "/api/schema/")).status_code == 200
    finally:
        await shop.ctl("start", "authz")

    async def back():
        return (await buyer.call("GET", "/api/orders/")).status_code == 200

    await eventually(back, within=20)


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize("slash", ["", "/"])
async def test_writing_works_in_all_forms_of_a_path(shop, buyer, new_product, prefix, slash):
    product = await new_product()
    line = {"product": product["id"], "quantity": 2}
    added = await buyer.call("POST", f"{prefix}/cart-items{slash}", json=line)
    assert added.status_code == 201
    changed = await buyer.call("PATCH", f"{prefix}/cart-items/{added.json()['id']}{slash}", json={"quantity": 3})
    assert changed.json()["quantity"] == 3
    assert (await buyer.call("DELETE", f"{prefix}/cart-items/{added.json()['id']}{slash}")).status_code == 204
    assert (await shop.request("POST", f"{prefix}/token{slash}", json={})).status_code == 400
    assert (await shop.request("GET", f"{prefix}/health{slash}")).status_code == 200


@pytest.mark.parametrize("path", ["/api/products/", "/api/products", "/api/v1/products/", "/api/v1/products"])
async def test_all_forms_of_a_path_are_served_without_a_redirect(shop, path):
    answer = await shop.request("GET", path)
    assert answer.status_code == 200
    assert answer.json()["count"] >= 100


async def test_a_request_id_of_the_client_is_kept(shop):
    answer = await shop.request("GET", "/api/products/", headers={"X-Request-ID": "my-own-id"})
    assert answer.headers["x-request-id"] == "my-own-id"


async def test_the_list_answers_304_to_its_etag(shop):
    first = await shop.request("GET", "/api/products/", params={"category": "books"})
    again = await shop.request(
        "GET", "/api/products/", params={"category": "books"}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


async def test_documents_health_and_keys(shop):
    schema = (await shop.request("GET", "/api/schema/")).json()
    assert schema["openapi"].startswith("3.1")
    assert "/api/checkout/" in schema["paths"]
    assert not any(path.startswith("/internal") for path in schema["paths"])
    for page in ("/api/docs/", "/api/redoc/", "/"):
        answer = await shop.request("GET", page, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "default-src" in answer.headers["content-security-policy"]
    assert (await shop.request("GET", "/api/health/")).status_code == 200
    assert (await shop.request("GET", "/.well-known/jwks.json")).json()["keys"]
