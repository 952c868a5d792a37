"""Six OpenAPI documents as one."""

import httpx
import pytest

from shopsite_portal.merging import merge

REF = "#/components/schemas/"


def document(path, schemas, *, ref=None, **operation):
    body = {"content": {"application/json": {"schema": {"$ref": f"{REF}{ref or next(iter(schemas))}"}}}}
    answers = {"responses": {"200": {"description": "fine", **body}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": {path: {"get": {"tags": ["T"], **answers, **operation}}},
        "components": {"schemas": schemas},
    }


def merged(**documents):
    return merge(documents, title="Shop API", version="1.0.0", description="All of it")


def schema_of(whole, path, status="200"):
    return whole["paths"][path]["get"]["responses"][status]["content"]["application/json"]["schema"]["$ref"]


def test_the_same_schema_of_two_services_stays_one():
    problem = {"Problem": {"type": "object"}}
    whole = merged(cart=document("/api/cart/", problem), orders=document("/api/orders/", problem))
    assert set(whole["components"]["schemas"]) == {"Problem"}
    assert set(whole["paths"]) == {"/api/cart/", "/api/orders/"}


def test_one_name_for_two_things_becomes_two_names():
    whole = merged(
        cart=document("/api/cart/", {"Item": {"title": "of the cart"}}),
        orders=document("/api/orders/", {"Item": {"title": "of the order"}}),
    )
    assert schema_of(whole, "/api/cart/") == f"{REF}CartItem"
    assert whole["components"]["schemas"]["OrdersItem"] == {"title": "of the order"}
    assert "Item" not in whole["components"]["schemas"]


def test_schemas_that_differ_only_in_what_they_refer_to_are_told_apart():
    page = {"Page": {"items": {"$ref": f"{REF}Item"}}}
    whole = merged(
        cart=document("/api/cart/", {**page, "Item": {"title": "a"}}),
        orders=document("/api/orders/", {**page, "Item": {"title": "b"}}),
    )
    assert whole["components"]["schemas"]["CartPage"]["items"]["$ref"] == f"{REF}CartItem"
    assert whole["components"]["schemas"]["OrdersPage"]["items"]["$ref"] == f"{REF}OrdersItem"


def test_recursive_schemas_are_merged():
    tree = {"Node": {"child": {"$ref": f"{REF}Node"}}}
    whole = merged(cart=document("/api/cart/", tree), orders=document("/api/orders/", tree))
    assert set(whole["components"]["schemas"]) == {"Node"}


def test_a_discriminators_mapping_follows_the_new_name():
    schemas = {
        "Item": {"title": "cart"},
        "Any": {"discriminator": {"propertyName": "k", "mapping": {"item": f"{REF}Item"}}},
    }
    whole = merged(cart=document("/api/cart/", schemas), orders=document("/api/orders/", {"Item": {"title": "order"}}))
    assert whole["components"]["schemas"]["Any"]["discriminator"]["mapping"] == {"item": f"{REF}CartItem"}


def test_only_what_the_gateway_lets_through_is_shown():
    whole = merged(
        cart=document("/internal/carts/", {"A": {}}),
        identity=document("/.well-known/jwks.json", {"B": {}}),
    )
    assert set(whole["paths"]) == {"/.well-known/jwks.json"}


def test_what_the_gateway_answers_itself_is_documented():
    whole = merged(
        cart=document("/api/cart/", {"A": {}}, requestBody={"content": {}}),
        identity=document("/api/signup/", {"A": {}}),
    )
    cart = whole["paths"]["/api/cart/"]["get"]["responses"]
    assert {"200", "401", "413", "429", "502", "503", "504"} <= set(cart)
    assert "application/problem+json" in cart["429"]["content"]
    assert "401" not in whole["paths"]["/api/signup/"]["get"]["responses"]
    assert whole["tags"] == [{"name": "T"}]


def test_where_a_token_counts_the_session_of_staff_does_too():
    token = {"security": [{"accessToken": []}]}
    whole = merged(cart=document("/api/cart/", {"A": {}}, **token), identity=document("/api/signup/", {"A": {}}))
    assert whole["paths"]["/api/cart/"]["get"]["security"] == [{"accessToken": []}, {"adminSession": []}]
    assert "security" not in whole["paths"]["/api/signup/"]["get"]
    assert whole["components"]["securitySchemes"]["adminSession"]["name"] == "shopsite_session"


SERVICES = ("identity", "catalog", "cart", "orders", "payments", "notifications")


@pytest.fixture
def all_documented(services):
    for name in SERVICES:
        services.answers[f"http://{name}/openapi.json"] = (200, document(f"/api/{name}/", {f"{name}Out": {}}))


async def test_the_schema_has_every_service_and_the_portals_own(portal, all_documented):
    answer = await portal.get("/api/schema/")
    assert answer.status_code == 200
    whole = answer.json()
    assert whole["openapi"] == "3.1.0"
    assert {f"/api/{name}/" for name in SERVICES} | {"/api/health/", "/api/schema/"} <= set(whole["paths"])


async def test_an_unchanged_schema_is_304(portal, all_documented):
    etag = (await portal.get("/api/schema/")).headers["etag"]
    answer = await portal.get("/api/schema", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_the_last_good_document_outlives_its_service_and_a_restart(portal, services, make_app, all_documented):
    assert "/api/orders/" in (await portal.get("/api/schema/")).json()["paths"]
    services.answers.clear()
    transport = httpx.ASGITransport(make_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as restarted:
        assert "/api/orders/" in (await restarted.get("/api/schema/")).json()["paths"]


async def test_a_service_never_seen_is_left_out_and_asked_again(portal, services, all_documented, monkeypatch):
    whole = services.answers.pop("http://orders/openapi.json")
    assert "/api/orders/" not in (await portal.get("/api/schema/")).json()["paths"]
    services.answers["http://orders/openapi.json"] = whole
    monkeypatch.setattr("shopsite_portal.documents.time.monotonic", lambda: float("inf"))
    assert "/api/orders/" in (await portal.get("/api/schema/")).json()["paths"]


async def test_a_broken_answer_is_no_document(portal, services, all_documented):
    services.answers["http://orders/openapi.json"] = (500, {})
    services.answers["http://cart/openapi.json"] = (200, ["nonsense"])
    paths = (await portal.get("/api/schema/")).json()["paths"]
    assert "/api/catalog/" in paths
    assert not {"/api/orders/", "/api/cart/"} & set(paths)


def operation(name, status="201"):
    return {"operationId": name, "responses": {status: {"description": "fine"}}}


def test_an_answer_says_what_it_opens_in_other_services_too():
    whole = merged(
        orders={"paths": {"/api/checkout/": {"post": operation("checkout")}}},
        payments={"paths": {"/api/pay/": {"post": operation("pay", "200")}}},
    )
    links = whole["paths"]["/api/checkout/"]["post"]["responses"]["201"]["links"]
    assert links == {"pay": {"operationId": "pay", "requestBody": {"order_id": "$response.body#/id"}}}


def test_nothing_opens_what_a_missing_service_would_answer():
    whole = merged(orders={"paths": {"/api/checkout/": {"post": operation("checkout")}}})
    assert "links" not in whole["paths"]["/api/checkout/"]["post"]["responses"]["201"]
