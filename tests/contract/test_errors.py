"""Errors of every layer, the gateway's own ones too, have the one form, and what is not concerned goes on."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx
import pytest
from authorisation import ROWS

from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = [pytest.mark.e2e, pytest.mark.row("Errors")]

NOWHERE = "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90"
JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1024 * 1024
# who answers: nobody's route, the gateway's guards, the check of credentials, the service
LAYERS = {
    "an unknown route": ("GET", "/api/nothing/", {}, 404),
    "an unknown route outside the API": ("GET", "/nothing", {}, 404),
    "a path of tricks": ("GET", "/api/products/..%2f..%2finternal/", {}, 404),
    "an internal route": ("POST", "/internal/reservations/", {"json": {}}, 404),
    "no id": ("GET", "/api/products/not-a-uuid/", {}, 404),
    "an id of nothing": ("GET", f"/api/products/{NOWHERE}/", {}, 404),
    "a method that no route has": ("DELETE", "/api/signup/", {}, 405),
    "a method that HTTP does not know": ("BREW", "/api/products/", {}, 405),
    "a foreign host": ("GET", "/api/products/", {"headers": {"Host": "evil.example.com"}}, 400),
    "no credential": ("GET", "/api/orders/", {}, 401),
    "a bad credential": ("GET", "/api/products/", {"headers": {"Authorization": "Bearer nonsense"}}, 401),
    "a body that misses fields": ("POST", "/api/token/", {"json": {}}, 400),
    "a filter that can't be read": ("GET", "/api/products/?price__gt=cheap", {}, 400),
    "a page past the end": ("GET", "/api/products/?page=99999", {}, 404),
    "a webhook without signature": ("POST", "/api/payment/webhook/", {"json": {"event": "charge.success"}}, 401),
}
READING = [row for row in ROWS if row.method in {"POST", "PUT", "PATCH"} and row.who != "Paystack"]


async def too_much(limit):
    """Send a body just past the limit and in pieces: a server that refuses it reads what little is left."""
    for _ in range(limit // MEBIBYTE):
        yield b" " * MEBIBYTE
    yield b" " * 65536


@pytest.mark.parametrize("layer", LAYERS)
async def test_a_layers_error_has_the_one_form(shop, layer):
    method, path, sent, status = LAYERS[layer]
    problem = problem_of(await shop.request(method, path, **sent), status)
    assert problem["error"]
    assert problem["code"] == problem["code"].lower()


async def test_a_field_that_is_missing_is_named(shop):
    problem = problem_of(await shop.request("POST", "/api/token/", json={"email": "ada@example.com"}), 400)
    assert problem["details"] == {"password": ["This field is required."]}


async def test_two_megabytes_are_refused_before_they_are_sent(shop, buyer):
    """The length alone is enough; a webhook may have more than other bodies."""
    lengths = {"/api/checkout/": 2_000_000, "/api/signup/": 2_000_000, "/api/payment/webhook/": 7_000_000}
    for path, length in lengths.items():
        headers = {**buyer.headers, **JSON, "Content-Length": str(length)}
        problem_of(await answer_to_the_head(shop, path, headers), 413)


async def answer_to_the_head(shop, path, headers):
    """Send the head of a request without its body, and return the answer."""
    address = httpx.URL(shop.url("SHOPSITE_URL"))
    reader, writer = await asyncio.open_connection(address.host, address.port)
    fields = {"Host": address.netloc.decode(), "Connection": "close", **headers}
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    writer.write("\r\n".join(head).encode())
    async with asyncio.timeout(30):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    status, *lines = head.decode().split("\r\n")
    pairs = [tuple(line.split(": ", 1)) for line in lines]
    return httpx.Response(int(status.split()[1]), headers=pairs, content=body)


async def test_the_errors_of_roles_conflicts_and_conditions(buyer, admin, new_product):
    product = (await new_product(stock=1))["id"]
    problem_of(await buyer.call("GET", "/api/admin/customers/"), 403)
    problem_of(await buyer.call("POST", "/api/cart-items/", json={"product": product, "quantity": 2}), 409)
    outdated = {"If-Match": '"outdated"'}
    problem_of(await admin.call("PATCH", f"/api/products/{product}/", json={}, headers=outdated), 412)


async def test_every_operation_refuses_a_body_that_it_cannot_read(document, admin, buyer):
    """Malformed JSON is 400, another content type 415, two megabytes 413; whoever may ask is told so."""

    async def refusals(row):
        sender = buyer if row.may("owner") else admin
        entry = document["paths"][row.path][row.method.lower()]
        ids = {part["name"]: NOWHERE for part in entry.get("parameters", []) if part["in"] == "path"}
        path = row.path.format_map(ids)
        bodies = {
            400: (b"{not json", JSON),
            413: (too_much(6 * MEBIBYTE if "images" in path else MEBIBYTE), JSON),
            415: (b"a=b", {"Content-Type": "text/plain"}),
        }
        if "multipart/form-data" in entry["requestBody"]["content"]:
            bodies[415] = bodies.pop(400)
        return {
            (row.name, status): await sender.call(row.method, path, content=content, headers=headers)
            for status, (content, headers) in bodies.items()
        }

    reading = [row for row in READING if "requestBody" in document["paths"][row.path][row.method.lower()]]
    for found in await asyncio.gather(*(refusals(row) for row in reading)):
        for (name, status), answer in found.items():
            assert answer.status_code == status, (name, answer.text)
            problem_of(answer, status)


@asynccontextmanager
async def without(shop, process, *, back, how="stop", again="start"):
    """Take a process away; bring it back, and wait until this account is answered again by each of these paths."""
    account, *paths = back
    await shop.ctl(how, process)
    try:
        yield
    finally:
        await shop.ctl(again, process)

    async def answers():
        try:
            return all([(await account.call("GET", path)).status_code == 200 for path in paths])
        except httpx.TransportError:
            return False

    await eventually(answers, within=60, every=0.3)


async def test_a_service_that_is_stopped_is_502_and_the_others_live(shop, buyer):
    async with without(shop, "cart-api", back=(buyer, "/api/cart/me/")):
        problem_of(await buyer.call("GET", "/api/cart/me/"), 502)
        problem_of(await buyer.check_out(), 503)
        assert (await shop.request("GET", "/api/products/")).status_code == 200
        health = await shop.request("GET", "/api/health/")
        assert health.status_code == 503
        assert health.json()["services"]["cart"]["status"] == "unavailable"


async def test_without_authz_reading_goes_on_and_the_rest_is_503(shop, buyer):
    async with without(shop, "authz", back=(buyer, "/api/orders/")):
        for method, path in (("GET", "/api/orders/"), ("GET", "/api/products/"), ("POST", "/api/checkout/")):
            answer = await buyer.call(method, path)
            problem_of(answer, 503)
            assert answer.headers["Retry-After"]
        assert (await shop.request("GET", "/api/products/")).status_code == 200
        assert (await shop.request("GET", "/api/schema/")).status_code == 200


async def test_without_the_database_every_service_is_503(shop, admin):
    admin.patient = False
    uncached = {
        "identity": ("GET", "/api/admin/customers/", {}),
        "identity, signing in": ("POST", "/api/token/", {"json": {"email": "ada@example.com", "password": "no"}}),
        "catalog": ("GET", f"/api/products/?search={NOWHERE}", {}),
        "cart": ("GET", "/api/cart/me/", {}),
        "orders": ("GET", "/api/orders/", {}),
        "payments": ("GET", "/api/payment/", {}),
        "notifications": ("GET", "/api/admin/notifications/", {}),
    }
    paths = [path for method, path, _ in uncached.values() if method == "GET"]
    async with without(shop, "postgres", back=(admin, *paths)):
        for service, (method, path, sent) in uncached.items():
            answer = await admin.call(method, path, **sent)
            assert answer.status_code == 503, (service, answer.text)
            problem_of(answer, 503)
            assert answer.headers["Retry-After"], service


async def test_a_service_that_hangs_is_504_after_half_a_minute_and_the_others_live(shop, admin, buyer):
    admin.patient = False
    path = "/api/admin/notifications/"
    async with without(shop, "notifications-api", back=(admin, path), how="pause", again="resume"):
        began = time.monotonic()
        hanging = asyncio.create_task(admin.call("GET", path, timeout=90))
        await buyer.get("/api/cart/me/")
        assert not hanging.done()
        problem_of(await hanging, 504)
        assert time.monotonic() - began > 25
