"""What leaves the gateway, whoever answers: both forms of a path, documents and health."""

import pytest

pytestmark = pytest.mark.e2e


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
