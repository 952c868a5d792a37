"""What meets every request at the gateway: hosts, limits, headers, bodies, versions, documents, health, other paths."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from shopsite_common.ids import uuid7
from shopsite_common.testing.problems import problem_of
from shopsite_portal.linking import links

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}
ROWS = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/api/\S*)$", re.MULTILINE)


@pytest.fixture
async def schema(shop):
    answer = await shop.request("GET", "/api/schema/")
    assert answer.status_code == 200
    return answer.json()


def operations(schema):
    for path, item in schema["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            yield method.upper(), path, item[method]


def shape_of(path):
    return re.sub(r"{\w+}", "{}", path)


@pytest.mark.row("Documents")
async def test_the_merged_document_has_exactly_the_contracts_operations(schema, promised_operations):
    documented = {(method, shape_of(path)) for method, path, _ in operations(schema) if path.startswith("/api/")}
    beside = {("GET", f"/api/{name}/") for name in ("schema", "docs", "redoc", "health")}
    more_than_promised = {("GET", "/api/admin/dead-letters/{}/"), ("POST", "/api/admin/dead-letters/replay/")}
    assert documented - beside - more_than_promised == promised_operations
    assert more_than_promised <= documented


@pytest.fixture
def promised_operations(request):
    rows = (request.path.parent / "rows.txt").read_text()
    return {(method, shape_of(path)) for method, path in ROWS.findall(rows)}


@pytest.mark.row("Documents")
async def test_the_merged_document_is_a_whole_of_openapi_3_1(schema):
    assert schema["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(schema["info"])
    references = set(re.findall(r"'\$ref': '(#[^']*)'", str(schema)))
    assert references
    for reference in references:
        found = schema
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
    for name, model in schema["components"]["schemas"].items():
        Draft202012Validator.check_schema(model)
        assert model.get("title") or model.get("description"), name
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))


@pytest.mark.row("Documents")
async def test_every_answer_says_what_it_opens_by_names_that_there_are(schema):
    by_id = {operation["operationId"]: operation for _, _, operation in operations(schema)}
    linked = {
        (source, answer_link["operationId"]): answer_link
        for source, operation in by_id.items()
        for answer in operation["responses"].values()
        for answer_link in answer.get("links", {}).values()
    }
    assert linked.keys() == {(source, target) for source, _, target, _ in links()}
    for (_, target), answer_link in linked.items():
        known = {one["name"] for one in by_id[target].get("parameters", [])}
        assert answer_link.get("parameters", {}).keys() <= known, target


@pytest.mark.row("Documents")
async def test_every_operation_is_explained_with_its_parameters_credentials_and_errors(schema):
    schemes = schema["components"]["securitySchemes"]
    assert {(one["type"], one.get("scheme"), one.get("in")) for one in schemes.values()} >= {
        ("http", "bearer", None),
        ("apiKey", None, "cookie"),
    }
    for method, path, operation in operations(schema):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        given = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert given == set(re.findall(r"{(\w+)}", path)), where
        for names in operation.get("security", []):
            assert set(names) <= set(schemes), where
        statuses = set(operation["responses"])
        if operation.get("security"):
            assert "401" in statuses, where
            assert "429" in statuses, where
        errors = {status for status in statuses if status >= "400"} - ({"503"} if path == "/api/health/" else set())
        for status in errors:
            assert "application/problem+json" in operation["responses"][status]["content"], (where, status)


@pytest.mark.row("Documents")
async def test_every_body_has_an_example_that_keeps_its_own_schema(schema):
    for method, path, operation in operations(schema):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            if kind != "application/json":
                continue
            examples = examples_of(schema, content)
            assert examples, f"{method} {path}"
            for example in examples:
                validator(schema, content["schema"]).validate(example)


def resolved(schema, model):
    while "$ref" in model:
        model = schema["components"]["schemas"][model["$ref"].rpartition("/")[2]]
    return model


def examples_of(schema, content):
    """Return the whole examples of a body, or one put together from those of its fields."""
    model = resolved(schema, content["schema"])
    if "anyOf" in model:
        model = resolved(schema, next(one for one in model["anyOf"] if one.get("type") != "null"))
    given = [one["value"] for one in content.get("examples", {}).values()] + model.get("examples", [])
    given += [place["example"] for place in (content, model) if "example" in place]
    fields = {name: resolved(schema, field) for name, field in model.get("properties", {}).items()}
    parts = {name: field["examples"][0] for name, field in fields.items() if field.get("examples")}
    whole = set(model.get("required", [])) <= set(parts)
    return given or ([parts] if whole else [])


def validator(schema, model):
    return Draft202012Validator({**model, "components": schema["components"]})


@pytest.mark.row("Documents")
@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/", "/", "/reset-password"])
async def test_pages_take_everything_they_load_from_the_shop_itself(shop, path):
    page = await shop.request("GET", path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy or "default-src 'self'" in policy
    assert not re.search(r"https?://", policy)
    loaded = re.findall(r'<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"]+)"', page.text)
    for address in loaded:
        assert address.startswith("/"), address
        assert not address.startswith("//"), address
        asset = await shop.request("GET", address)
        assert (asset.status_code, len(asset.content) > 0) == (200, True), address
    assert loaded


@pytest.mark.row("Health")
async def test_health_names_each_service_and_each_of_its_dependencies(shop):
    answer = await shop.request("GET", "/api/health/", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    services = answer.json()["services"]
    assert set(services) >= {"identity", "catalog", "cart", "orders", "payments", "notifications"}
    for name, service in services.items():
        assert service["status"] == "ok", name
    for name in ("identity", "catalog", "cart", "orders", "payments", "notifications"):
        assert services[name]["dependencies"] == {"database": "ok", "redis": "ok"}, name


@pytest.mark.row("Versions", "Paths")
async def test_the_first_version_is_the_api_itself(shop, buyer):
    for path in ("products/?page_size=3", "categories/", "schema/", "cart/me/", "orders/", "payment/", "reviews/"):
        plain, first = [(await buyer.call("GET", f"{prefix}/{path}")) for prefix in ("/api", "/api/v1")]
        assert (plain.status_code, first.json()) == (200, plain.json()), path
        unslashed = await buyer.call("GET", f"/api/v1/{path.replace('/?', '?').rstrip('/')}")
        assert (unslashed.status_code, unslashed.json()) == (200, plain.json()), path
    for path in ("/api/v2/products/", "/api/v1/v1/products/", "/api/v1/nothing/", "/api/v1/internal/orders/"):
        problem_of(await buyer.call("GET", path), 404)


@pytest.mark.row("Other paths")
@pytest.mark.parametrize(
    "path",
    [
        *("/internal/", "/internal/orders/", "/metrics", "/health/ready", "/health/live", "/openapi.json", "/docs"),
        *("/redoc", "/api/", "/api/nothing/", "/api/internal/", "/.well-known/", "/.env", "/_error/500", "/static/"),
        *("/api/orders/1/2/3/", "/api/admin/", "/api/productsX/", "/API/products/", "/api/products/x%2Fy/"),
    ],
)
async def test_any_other_path_is_not_there(shop, buyer, path):
    for method in ("GET", "POST"):
        problem_of(await shop.request(method, path, headers=JSON), 404)
        problem_of(await buyer.call(method, path, headers=JSON), 404)


@pytest.mark.row("Status codes")
async def test_another_method_is_405_with_those_that_are_allowed(shop, buyer):
    for method, path, allowed in (
        ("PUT", "/api/signup/", {"POST"}),
        ("DELETE", "/api/checkout/", {"POST"}),
        ("POST", "/api/cart/me/", {"GET", "HEAD"}),
        ("PUT", "/api/cart/me/", {"GET", "HEAD"}),
        ("POST", f"/api/orders/{uuid7()}/", {"GET", "HEAD"}),
        ("GET", f"/api/orders/{uuid7()}/cancel/", {"POST"}),
        ("PATCH", "/api/payment/webhook/", {"POST"}),
        ("POST", "/api/health/", {"GET", "HEAD"}),
    ):
        answer = await buyer.call(method, path, json={})
        problem_of(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == allowed, (method, path)
    problem_of(await shop.request("TRACE", "/api/products/"), 405)


@pytest.mark.row("Hosts")
async def test_only_the_shops_own_hosts_are_answered(shop):
    for host in ("evil.example.com", "localhost.evil.example.com", "shopsite", "10.0.0.1"):
        for path in ("/api/products/", "/", "/api/nothing/", "/.well-known/jwks.json"):
            problem_of(await shop.request("GET", path, headers={"Host": host}), 400)
    for host in ("localhost", "127.0.0.1", "LOCALHOST:80", "[::1]"):
        assert (await shop.request("GET", "/api/products/", headers={"Host": host})).status_code == 200, host


@pytest.mark.row("Hosts", "Lists")
async def test_links_lead_to_the_host_that_was_asked_whatever_was_cached(shop):
    for host in ("localhost:1234", "127.0.0.1:99", "localhost:1234"):
        page = await shop.request("GET", "/api/products/?page_size=2", headers={"Host": host})
        assert page.json()["next"].startswith(f"http://{host}/api/products/?"), host


@pytest.mark.row("CORS, headers")
async def test_every_answer_bears_the_security_headers(shop, buyer):
    answers = [
        await shop.request("GET", "/api/products/"),
        await shop.request("GET", "/api/nothing/"),
        await shop.request("GET", "/api/orders/"),
        await shop.request("GET", "/api/products/", headers={"Host": "evil.example.com"}),
        await shop.request("GET", "/", headers={"Accept": "text/html"}),
        await shop.request("POST", "/api/token/", content=b"{", headers=JSON),
        await shop.request("OPTIONS", "/api/products/"),
        await buyer.call("GET", "/api/cart/me/"),
        await buyer.call("POST", "/api/checkout/", content=b"x" * (MIB + 1), headers=JSON),
    ]
    for answer in answers:
        headers = answer.headers
        where = (answer.request.method, answer.request.url.path, answer.status_code)
        assert headers["x-content-type-options"] == "nosniff", where
        assert headers["x-frame-options"] == "DENY", where
        assert headers["referrer-policy"] == "same-origin", where
        assert headers["x-request-id"], where
        assert "strict-transport-security" not in headers, where
        assert not {"server", "x-powered-by"} & set(headers), where


@pytest.mark.row("CORS, headers")
async def test_no_other_origin_may_call_by_default(shop):
    foreign = {"Origin": "https://evil.example.com"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for answer in (
        await shop.request("GET", "/api/products/", headers=foreign),
        await shop.request("OPTIONS", "/api/cart-items/", headers=foreign | asked),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-allow")]


@pytest.mark.row("Status codes", "Bodies")
async def test_a_body_over_the_limit_is_413_and_one_at_it_is_read(shop, buyer, admin, new_product):
    product = await new_product()
    images = f"/api/products/{product['id']}/images/"
    problem_of(await buyer.call("POST", "/api/checkout/", content=b" " * MIB, headers=JSON), 400)
    problem_of(await buyer.call("POST", "/api/checkout/", content=b" " * (MIB + 1), headers=JSON), 413)
    problem_of(await shop.request("POST", "/api/signup/", content=b" " * (MIB + 1), headers=JSON), 413)
    assert await refusal_of(shop, admin, images, length=6 * MIB + 1) == 413


async def refusal_of(shop, account, path, *, length):
    """Announce a body and send nothing of it: one that is too long is refused before it is read."""
    address = urlsplit(shop.url("SHOPSITE_URL"))
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    fields = {"Host": "localhost", "Content-Type": "multipart/form-data; boundary=x", "Content-Length": length}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (fields | account.headers).items())]
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.row("Errors")
async def test_a_clients_request_id_is_kept_if_it_is_one(shop, buyer):
    for path in ("/api/products/", "/api/nothing/", "/api/orders/", "/"):
        kept = await shop.request("GET", path, headers={"X-Request-ID": "my-own-id"})
        assert kept.headers["x-request-id"] == "my-own-id"
        replaced = await shop.request("GET", path, headers={"X-Request-ID": "not an id;" + "x" * 300})
        assert re.fullmatch(r"[0-9a-f-]{16,64}", replaced.headers["x-request-id"]), path
    own = await asyncio.gather(*(buyer.call("GET", "/api/cart/me/") for _ in range(3)))
    assert len({answer.headers["x-request-id"] for answer in own}) == 3


@pytest.mark.row("Rate limits")
async def test_a_limit_of_zero_sends_no_figures(shop, buyer):
    for answer in (await buyer.call("GET", "/api/cart/me/"), await shop.request("GET", "/api/products/")):
        assert not [name for name in answer.headers if "ratelimit" in name]
