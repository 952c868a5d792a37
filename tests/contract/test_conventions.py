"""The conventions that every endpoint keeps, on every endpoint that the merged document knows."""

import asyncio
import re
import secrets
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e

ADDRESSES = {"shipping_address": "123 Main St, Lagos", "billing_address": "456 Billing Ave, Lagos"}
ME = "/api/customer_profile/me/"
NOBODY = "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
AMOUNT = re.compile(r"-?\d+\.\d\d")
AMOUNTS = {"price", "unit_price", "subtotal", "total", "amount", "revenue", "average_order_value"}


@pytest.fixture
async def paths(shop):
    """Every path of the document under /api/, each with its operations by method."""
    document = (await shop.request("GET", "/api/schema/")).json()
    return {
        path: {method.upper(): operation for method, operation in operations.items() if method.upper() in METHODS}
        for path, operations in document["paths"].items()
        if path.startswith("/api/")
    }


@pytest.fixture
def lists(paths):
    """The paths of lists, each with its filters by name."""
    found = {}
    for path, operations in paths.items():
        asked = {one["name"]: one for one in operations.get("GET", {}).get("parameters", []) if one["in"] == "query"}
        if "page" in asked:
            found[path] = {name: one for name, one in asked.items() if name not in {"page", "page_size"}}
    assert {"/api/products/", "/api/orders/", "/api/payment/", "/api/admin/audit/", "/api/cart/"} <= set(found)
    return found


def filled(path, value=NOBODY):
    return re.sub(r"\{[^}]+\}", value, path)


def pieces(value, name="", around=()):
    """Yield every name and plain value in an answer, with the objects around it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from pieces(inner, key, (*around, value))
    elif isinstance(value, list):
        for inner in value:
            yield from pieces(inner, name, around)
    else:
        yield name, value, around


@pytest.fixture
async def answers(buyer, admin, new_product):
    """What the shop says of a product, its stock, a cart, a paid order and whatever hangs on it, by path."""
    product = await new_product(category="Lamps")
    order = await buyer.buy(product["id"])
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING", within=60)
    await buyer.fill_cart(product["id"], 2)
    payment = (await buyer.get(f"/api/payment/?order={order['id']}"))["results"][0]
    mine = (
        ME, "/api/cart/", "/api/cart/me/", "/api/cart-items/", "/api/orders/", f"/api/orders/{order['id']}/",
        f"/api/orders/{order['id']}/timeline/", "/api/payment/", f"/api/payment/{payment['id']}/",
    )  # fmt: skip
    theirs = (
        f"/api/products/{product['id']}/", "/api/products/", f"/api/products/{product['id']}/stock/",
        "/api/admin/inventory/low/", "/api/admin/customers/", "/api/admin/audit/", "/api/admin/notifications/",
        "/api/admin/analytics/sales/",
    )  # fmt: skip
    return {path: await buyer.get(path) for path in mine} | {path: await admin.get(path) for path in theirs}


# --- paths and identifiers


@pytest.mark.row("Paths", "Versions")
async def test_every_path_is_served_in_all_its_forms_by_the_same_handler_for_every_method(admin, paths):
    async def allowed(path, method):
        answer = await admin.call(method, path)
        problem_of(answer, 405)
        return {name.strip() for name in answer.headers["allow"].split(",")} - {"HEAD", "OPTIONS"}

    async def check(path, operations):
        # nothing is replaced or changed where it can be got or deleted by another path of the same form
        unlisted = next(method for method in ("PATCH", "PUT", *METHODS) if method not in operations)
        whole = filled(path)
        for form in (whole, whole.rstrip("/"), whole.replace("/api/", "/api/v1/"), f"/api/v1{whole[4:-1]}"):
            assert await allowed(form, unlisted) >= set(operations), form

    await asyncio.gather(*(check(path, operations) for path, operations in paths.items()))


@pytest.mark.row("Identifiers")
async def test_a_malformed_identifier_in_a_path_is_404(admin, paths):
    for path, operations in paths.items():
        for method in operations if "{" in path else ():
            body = {"files": {"file": b""}} if path.endswith("/images/") else {}
            for value in ("5", "not-a-uuid", f"{NOBODY}0"):
                problem_of(await admin.call(method, filled(path, value), **body), 404)


@pytest.mark.row("Identifiers")
async def test_a_malformed_identifier_in_a_body_or_query_is_400(admin, lists):
    bodies = {"/api/cart-items/": "product", "/api/reviews/": "product", "/api/pay/": "order_id"}
    for path, field in bodies.items():
        body = {"quantity": 1} if "cart" in path else {"rating": 5, "comment": ""} if "reviews" in path else {}
        for value in ("not-a-uuid", 5, None):
            details = problem_of(await admin.call("POST", path, json=body | {field: value}), 400)["details"]
            assert list(details) == [field]
    queries = {(path, name) for path, filters in lists.items() for name in filters if is_an_id(filters[name])}
    assert {("/api/reviews/", "product"), ("/api/payment/", "order"), ("/api/orders/", "customer")} <= queries
    for path, name in queries:
        details = problem_of(await admin.call("GET", f"{filled(path)}?{name}=not-a-uuid"), 400)["details"]
        assert list(details) == [name]


def is_an_id(parameter):
    kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
    return any(kind.get("format") == "uuid" for kind in kinds)


@pytest.mark.row("Identifiers", "Money", "Time")
async def test_identifiers_amounts_and_moments_have_one_form_everywhere(answers):
    ids, amounts, moments = [], [], []
    for path, answer in answers.items():
        for name, value, around in pieces(answer):
            assert not isinstance(value, float) or name == "rating_average", (path, name)
            if name == "id":
                ids.append((path, value))
            if name in AMOUNTS:
                amounts.append((path, name, value, around))
            if name in {"at", "last_login"} or name.endswith("_at"):
                moments.append((path, name, value))

    assert len(ids) > 20
    assert [one for one in ids if UUID(one[1]).version != 7] == []
    assert {name for _, name, _, _ in amounts} == AMOUNTS
    assert [one[:3] for one in amounts if not AMOUNT.fullmatch(one[2])] == []
    alone = {one[0] for one in amounts if not any(thing.get("currency") == "NGN" for thing in one[3])}
    assert alone <= {"/api/admin/audit/"}, "the log keeps what somebody wrote, a currency is none of it"
    assert len({name for _, name, _ in moments}) >= 5
    assert [one for one in moments if one[2] is not None and not MOMENT.fullmatch(one[2])] == []


@pytest.mark.row("Time")
async def test_what_happens_now_bears_the_time_of_now(buyer, new_product):
    order = await buyer.buy((await new_product())["id"])
    age = datetime.now(UTC) - datetime.fromisoformat(order["created_at"])
    assert abs(age.total_seconds()) < 120


@pytest.mark.row("Money")
async def test_a_total_is_the_exact_sum_of_its_lines(buyer, new_product):
    for price, quantity in (("0.10", 3), ("19.99", 7), ("1000000.01", 2)):
        await buyer.fill_cart((await new_product(price=price))["id"], quantity)
    cart = await buyer.get("/api/cart/me/")
    assert cart["total"] == "2000140.25"
    assert (await buyer.check_out()).json()["total"] == "2000140.25"


# --- lists


@pytest.mark.row("Lists")
async def test_every_list_is_a_page_and_unknown_pages_and_sizes_are_refused(admin, lists, new_product):
    product = await new_product()
    for path in lists:
        where = filled(path, product["id"])
        page = await admin.get(where)
        assert set(page) == {"count", "next", "previous", "results"}, path
        assert page["previous"] is None
        assert len(page["results"]) == min(page["count"], 20)
        assert (page["next"] is None) == (page["count"] <= 20)
        for number in ("0", "-1", "x", "1.5", "", "100000", "9" * 30):
            problem_of(await admin.call("GET", f"{where}?page={number}"), 404)
        for size in ("0", "-1", "101", "x"):
            details = problem_of(await admin.call("GET", f"{where}?page_size={size}"), 400)["details"]
            assert list(details) == ["page_size"], path
        assert (await admin.get(f"{where}?page=1&page_size=100&nonsense=1"))["count"] >= page["count"], path


@pytest.mark.row("Lists")
async def test_every_filter_refuses_what_it_cannot_read(admin, lists):
    readable = {"search", "to", "action", "object", "tags", "category", "tags__icontains", "description__icontains"}
    checked = set()
    for path, filters in lists.items():
        for name in set(filters) - readable:
            details = problem_of(await admin.call("GET", f"{filled(path)}?{name}=%C2%A7"), 400)["details"]
            assert list(details) == [name], path
            checked.add(name)
    assert {"status", "role", "ordering", "kind", "created_at__gte", "price__lt", "is_approved"} <= checked


@pytest.mark.row("Lists")
async def test_links_lead_through_a_list_on_the_origin_that_the_client_used(shop, new_product):
    tag = secrets.token_hex(6)
    made = {(await new_product(tags=[tag]))["id"] for _ in range(3)}
    port = shop.url("SHOPSITE_URL").rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        seen, page, path = [], {}, f"/api/products/?tags={tag}&page_size=2"
        for previous in (None, f"http://{host}/api/products/"):
            page = (await shop.request("GET", path, headers={"Host": host})).json()
            assert (page["previous"] or "").partition("?")[0] == (previous or "")
            seen += [row["id"] for row in page["results"]]
            path = (page["next"] or "").removeprefix(f"http://{host}")
        assert page["next"] is None
        assert len(seen) == 3
        assert set(seen) == made


@pytest.mark.row("Lists")
async def test_the_first_page_of_an_empty_list_is_there(buyer):
    for path in ("/api/orders/", "/api/payment/", "/api/cart-items/"):
        assert await buyer.get(f"{path}?page=1") == {"count": 0, "next": None, "previous": None, "results": []}
        problem_of(await buyer.call("GET", f"{path}?page=2"), 404)


# --- errors, statuses, bodies


@pytest.mark.row("Errors")
async def test_errors_of_fields_are_sentences_by_dotted_path(shop, buyer):
    missing = problem_of(await shop.request("POST", "/api/token/", json={}), 400)
    assert set(missing["details"]) == {"email", "password"}
    assert all(sentence.endswith(".") for sentences in missing["details"].values() for sentence in sentences)
    assert (missing["error"], missing["code"]) == ("Validation failed", "validation_failed")
    nested = problem_of(await buyer.call("PATCH", ME, json={"preferences": {"order_emails": "x"}}), 400)
    assert list(nested["details"]) == ["preferences.order_emails"]
    inside = {"items": [{"product": NOBODY, "quantity": "x"}]}
    cart = (await buyer.get("/api/cart/me/"))["id"]
    in_a_list = problem_of(await buyer.call("PUT", f"/api/cart/{cart}/", json=inside), 400)
    assert list(in_a_list["details"]) == ["items.0.quantity"]
    for body in ("[]", '"text"', "{not json", ""):
        headers = {"Content-Type": "application/json"}
        whole = problem_of(await buyer.call("POST", "/api/pay/", content=body, headers=headers), 400)
        assert list(whole["details"]) == ["non_field_errors"], body


@pytest.mark.row("Errors")
async def test_every_answer_bears_a_request_id_and_a_well_formed_one_is_kept(shop):
    for path in ("/api/products/", "/api/orders/", "/api/nothing/", "/api/health/"):
        kept = await shop.request("GET", path, headers={"X-Request-ID": "Order-77.a_b"})
        assert kept.headers["x-request-id"] == "Order-77.a_b", path
        ids = {(await shop.request("GET", path)).headers["x-request-id"] for _ in range(2)}
        assert len(ids) == 2, path
        for bad in ("with space", "x" * 300, "a;b\t<c>"):
            replaced = await shop.request("GET", path, headers={"X-Request-ID": bad})
            assert replaced.headers["x-request-id"] not in {bad, ""}, path


@pytest.mark.row("Status codes")
async def test_each_refusal_has_its_status(shop, buyer, new_account, new_product):
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
        answer = await shop.request("GET", "/api/orders/", headers=headers)
        problem_of(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    problem_of(await buyer.call("GET", "/api/admin/customers/"), 403)
    order = await buyer.buy((await new_product())["id"])
    problem_of(await (await new_account()).call("GET", f"/api/orders/{order['id']}/"), 404)
    assert "GET" in (await buyer.call("PATCH", "/api/orders/", json={})).headers["allow"]
    assert (await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    problem_of(await buyer.call("POST", f"/api/orders/{order['id']}/cancel/"), 409)
    headers = {"Content-Type": "application/json"}
    fits = b'{"a": "' + b"x" * (2**20 - 9) + b'"}'
    problem_of(await buyer.call("POST", "/api/pay/", content=fits, headers=headers), 400)
    problem_of(await buyer.call("POST", "/api/pay/", content=fits + b" ", headers=headers), 413)
    problem_of(await buyer.call("POST", "/api/pay/", content=b"a=b", headers={"Content-Type": "text/plain"}), 415)


@pytest.mark.row("Status codes")
async def test_an_upload_over_6_mib_is_413(shop, admin, new_product):
    path = f"/api/products/{(await new_product())['id']}/images/"

    def announce(size):
        """Send the head of an upload, as a client does that waits for a word before it sends the rest."""
        connection = HTTPConnection(urlsplit(shop.url("SHOPSITE_URL")).netloc, timeout=30)
        headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(size)}
        connection.request("POST", path, headers=headers | admin.headers)
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    assert await asyncio.to_thread(announce, 6 * 2**20 + 1) == 413


@pytest.mark.row("Bodies")
async def test_every_put_needs_its_required_fields_and_no_body_takes_an_unknown_one(admin, paths):
    for path, operations in paths.items():
        for method in {"POST", "PUT", "PATCH"} & set(operations):
            if "application/json" not in operations[method].get("requestBody", {}).get("content", {}):
                continue
            if path == "/api/payment/webhook/":
                continue  # its bodies are Paystack's, whose new fields are no fault
            where = filled(path)
            details = problem_of(await admin.call(method, where, json={"unknown_field": 1}), 400)["details"]
            assert "unknown_field" in details, (method, path)
            if method == "PUT":
                assert problem_of(await admin.call(method, where, json={}), 400)["details"], path


@pytest.mark.row("Bodies")
async def test_an_empty_patch_is_200_and_changes_nothing(buyer, admin, new_product):
    product = await new_product()
    await buyer.fill_cart(product["id"])
    cart = await buyer.get("/api/cart/me/")
    customer = (await buyer.get(ME))["id"]
    for account, path in (
        (buyer, ME),
        (buyer, f"/api/cart/{cart['id']}/"),
        (buyer, f"/api/cart-items/{cart['items'][0]['id']}/"),
        (admin, f"/api/products/{product['id']}/"),
        (admin, f"/api/admin/customers/{customer}/"),
    ):
        before = await account.get(path)
        answer = await account.call("PATCH", path, json={})
        assert answer.status_code == 200, path
        assert answer.json() | {"updated_at": ""} == before | {"updated_at": ""}, path


# --- credentials where none is needed


@pytest.mark.row("Credentials on anonymous endpoints")
@pytest.mark.parametrize("credential", [{"Authorization": "Bearer nonsense"}, {"Cookie": "shopsite_session=nonsense"}])
async def test_a_bad_token_is_401_on_reads_of_the_catalog_and_ignored_elsewhere(shop, new_product, credential):
    product = f"/api/products/{(await new_product())['id']}/"
    for path in ("/api/products/", product, f"{product}reviews/", "/api/categories/"):
        assert (await shop.request("GET", path)).status_code == 200
        problem_of(await shop.request("GET", path, headers=credential), 401)

    ignoring = (
        ("POST", "/api/signup/", {}, 400),
        ("POST", "/api/token/", {}, 400),
        ("POST", "/api/token/refresh/", {}, 400),
        ("POST", "/api/token/revoke/", {"refresh": "x"}, 204),
        ("POST", "/api/password/forgot/", {"email": f"{secrets.token_hex(6)}@example.com"}, 202),
        ("POST", "/api/password/reset/", {}, 400),
        ("GET", "/api/payment/callback/?reference=unknown", None, 404),
        ("GET", "/api/health/", None, 200),
        ("GET", "/api/schema/", None, 200),
        ("GET", "/api/docs/", None, 200),
        ("GET", "/api/redoc/", None, 200),
        ("GET", "/.well-known/jwks.json", None, 200),
    )
    for method, path, body, status in ignoring:
        answer = await shop.request(method, path, json=body, headers=credential)
        assert answer.status_code == status, (path, answer.text)
    # the webhook's own credential is its signature, which lacks here
    unsigned = problem_of(await shop.request("POST", "/api/payment/webhook/", json={}), 401)
    assert problem_of(await shop.request("POST", "/api/payment/webhook/", json={}, headers=credential), 401) == unsigned


# --- repetition


@pytest.mark.row("Idempotency")
async def test_the_same_key_and_body_get_the_first_answer_again(buyer, new_account, new_product):
    product = await new_product()
    await buyer.fill_cart(product["id"])
    key = f"key-{secrets.token_hex(8)}"
    first = await buyer.check_out(**{"Idempotency-Key": key})
    assert first.status_code == 201
    for form in (key, f'"{key}"'):
        again = await buyer.check_out(**{"Idempotency-Key": form})
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (await buyer.get("/api/orders/"))["count"] == 1

    other = ADDRESSES | {"billing_address": "1 Other Street, Lagos"}
    problem_of(await buyer.call("POST", "/api/checkout/", json=other, headers={"Idempotency-Key": key}), 422)
    stranger = await new_account()
    await stranger.fill_cart(product["id"])
    theirs = await stranger.check_out(**{"Idempotency-Key": key})
    assert (theirs.status_code, theirs.headers.get("idempotency-replayed")) == (201, None)


@pytest.mark.row("Idempotency")
async def test_paying_and_refunding_take_a_key_too_but_not_the_same(admin, new_product):
    order = await admin.buy((await new_product())["id"])
    for_paying, for_refunding = ({"Idempotency-Key": secrets.token_hex(8)} for _ in range(2))
    body = {"order_id": order["id"]}
    first, again = [await admin.call("POST", "/api/pay/", json=body, headers=for_paying) for _ in range(2)]
    assert (first.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"

    await admin.pay(order["id"])
    await admin.becomes(order["id"], "PROCESSING", within=60)
    payment = (await admin.get(f"/api/payment/?order={order['id']}"))["results"][0]
    path = f"/api/payment/{payment['id']}/refund/"
    problem_of(await admin.call("POST", path, json=body, headers=for_paying), 400)  # no amount, but an order
    problem_of(await admin.call("POST", path, json={"amount": "100.00"}, headers=for_paying), 422)
    for replayed in (None, "true"):
        answer = await admin.call("POST", path, json={"amount": "100.00"}, headers=for_refunding)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (202, replayed)
    assert len((await admin.get(f"/api/payment/{payment['id']}/"))["refunds"]) == 1


@pytest.mark.row("Idempotency")
async def test_a_conflict_is_stored_and_a_bad_request_is_not(buyer, admin, new_product):
    product = await new_product(stock=1)
    key = {"Idempotency-Key": secrets.token_hex(8)}
    problem_of(await buyer.check_out(**key), 400)  # nothing in the cart
    await buyer.fill_cart(product["id"])
    await admin.call("PATCH", f"/api/products/{product['id']}/", json={"stock": 0})
    short = problem_of(await buyer.check_out(**key), 409)
    await admin.call("PATCH", f"/api/products/{product['id']}/", json={"stock": 1})
    again = await buyer.check_out(**key)
    assert problem_of(again, 409) == short
    assert again.headers["idempotency-replayed"] == "true"
    assert (await buyer.check_out(**{"Idempotency-Key": secrets.token_hex(8)})).status_code == 201


@pytest.mark.row("Idempotency")
async def test_a_key_has_at_most_255_characters(buyer, new_product):
    await buyer.fill_cart((await new_product())["id"])
    problem_of(await buyer.check_out(**{"Idempotency-Key": "k" * 256}), 400)
    assert (await buyer.check_out(**{"Idempotency-Key": "k" * 255})).status_code == 201


@pytest.mark.row("Idempotency")
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one-at-a-time"}])
async def test_of_two_checkouts_at_once_one_makes_the_order(buyer, new_product, key):
    await buyer.fill_cart((await new_product())["id"])
    answers = await asyncio.gather(*(buyer.check_out(**key) for _ in range(4)))
    orders = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in orders}) == 1
    assert len([one for one in orders if "idempotency-replayed" not in one.headers]) == 1
    assert {answer.status_code for answer in answers} <= ({201, 409} if key else {201, 409, 400})
    assert (await buyer.get("/api/orders/"))["count"] == 1


@pytest.mark.row("Conditional")
async def test_products_carry_a_strong_etag_and_304_answers_it_until_they_change(shop, admin, new_product):
    tag = secrets.token_hex(6)
    product = await new_product(tags=[tag])
    for path in (f"/api/products/?tags={tag}", f"/api/products/{product['id']}/"):
        first = await shop.request("GET", path)
        etag = first.headers["etag"]
        assert re.fullmatch(r'"[^"]+"', etag)
        for condition in (etag, f'"other", {etag}', "*"):
            answer = await shop.request("GET", path, headers={"If-None-Match": condition})
            assert (answer.status_code, answer.content) == (304, b""), condition
            assert answer.headers["etag"] == etag
        assert (await shop.request("GET", path, headers={"If-None-Match": '"other"'})).json() == first.json()
        await admin.call("PATCH", f"/api/products/{product['id']}/", json={"description": secrets.token_hex(4)})
        changed = await shop.request("GET", path, headers={"If-None-Match": etag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != etag
