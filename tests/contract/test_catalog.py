"""The table "catalog" of the API, row by row: products, pictures, stock, categories, reviews."""

import asyncio
import io
import secrets

import httpx
import pytest
from PIL import Image

from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = pytest.mark.e2e

PRODUCTS = "/api/products/"
REVIEWS = "/api/reviews/"
NOBODY = "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90"
PRODUCT = {
    "id", "name", "description", "price", "currency", "category", "tags", "stock", "low_stock_threshold", "is_featured",
    "is_in_stock", "images", "rating_average", "review_count", "created_at", "updated_at",
}  # fmt: skip
REVIEW = {"id", "product", "customer", "author", "rating", "comment", "is_approved", "created_at", "updated_at"}


async def read(shop, product):
    answer = await shop.request("GET", f"{PRODUCTS}{product['id']}/")
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- products


@pytest.mark.row("POST /api/products/", "GET /api/products/{id}/")
async def test_staff_put_a_product_on_sale_and_everybody_sees_it_at_once(shop, staff, buyer):
    category = f"Lamps {secrets.token_hex(4)}"
    body = {
        "name": "Desk lamp",
        "description": "Warm light",
        "price": "1999.50",
        "category": category,
        "tags": ["office", "light"],
        "stock": 4,
        "low_stock_threshold": 2,
        "is_featured": True,
    }
    answer = await staff.call("POST", PRODUCTS, json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == PRODUCT
    assert {name: made[name] for name in body} == body
    assert (made["currency"], made["is_in_stock"], made["images"], made["review_count"]) == ("NGN", True, [], 0)
    assert await read(shop, made) == made
    listed = await shop.request("GET", PRODUCTS, params={"category": category})
    assert listed.json()["results"] == [made]
    await buyer.fill_cart(made["id"])


@pytest.mark.row("POST /api/products/")
async def test_only_name_and_price_are_required(staff):
    missing = problem_of(await staff.call("POST", PRODUCTS, json={}), 400)
    assert set(missing["details"]) == {"name", "price"}
    made = (await staff.call("POST", PRODUCTS, json={"name": "Bare lamp", "price": "10000000.00"})).json()
    defaults = {"description": "", "tags": [], "stock": 0, "is_featured": False, "is_in_stock": False, "category": None}
    assert {name: made[name] for name in defaults} == defaults


WRONG = (
    ("name", ""),
    ("name", "x" * 256),
    ("price", "0.00"),
    ("price", "-1.00"),
    ("price", "10000000.01"),
    ("price", "1.999"),
    ("price", "cheap"),
    ("tags", "linen"),
    ("stock", -1),
    ("stock", "many"),
    ("low_stock_threshold", -1),
    ("is_featured", "perhaps"),
    ("id", NOBODY),
    ("currency", "USD"),
    ("rating_average", 5),
    ("review_count", 5),
    ("images", []),
    ("is_in_stock", True),
    ("created_at", "2026-01-01T00:00:00Z"),
    ("colour", "red"),
)


@pytest.mark.row("POST /api/products/", "PATCH /api/products/{id}/", "PUT /api/products/{id}/")
async def test_a_wrong_unknown_or_read_only_field_of_a_product_is_refused_by_name(shop, admin, new_product):
    product = await new_product()
    path = f"{PRODUCTS}{product['id']}/"
    for field, value in WRONG:
        body = {"name": "Lamp", "price": "10.00", field: value}
        for method, where, sent in (("POST", PRODUCTS, body), ("PUT", path, body), ("PATCH", path, {field: value})):
            details = problem_of(await admin.call(method, where, json=sent), 400)["details"]
            assert list(details) == [field], (method, value)
    assert await read(shop, product) == product


@pytest.mark.row("PATCH /api/products/{id}/", "GET /api/products/{id}/", "GET /api/products/")
async def test_a_change_is_in_the_next_read(shop, staff, new_product):
    tag = secrets.token_hex(6)
    product = await new_product(tags=[tag])
    first = await read(shop, product)
    await shop.request("GET", PRODUCTS, params={"tags": tag})
    changed = await staff.call("PATCH", f"{PRODUCTS}{product['id']}/", json={"price": "5.00", "stock": 3})
    assert changed.status_code == 200
    after = await read(shop, product)
    assert after == changed.json() == first | {"price": "5.00", "stock": 3, "updated_at": after["updated_at"]}
    assert after["updated_at"] > first["updated_at"]
    assert (await shop.request("GET", PRODUCTS, params={"tags": tag})).json()["results"] == [after]
    unchanged = await staff.call("PATCH", f"{PRODUCTS}{product['id']}/", json={})
    assert unchanged.status_code == 200


@pytest.mark.row("PUT /api/products/{id}/")
async def test_replacing_without_stock_leaves_the_stock_and_empties_the_rest(shop, staff, new_product):
    product = await new_product(stock=7, description="Warm", tags=["office"], category="Lamps", is_featured=True)
    answer = await staff.call("PUT", f"{PRODUCTS}{product['id']}/", json={"name": "New lamp", "price": "5.00"})
    assert answer.status_code == 200
    after = await read(shop, product)
    assert (after["name"], after["price"], after["stock"]) == ("New lamp", "5.00", 7)
    assert (after["description"], after["tags"], after["category"], after["is_featured"]) == ("", [], None, False)
    missing = problem_of(await staff.call("PUT", f"{PRODUCTS}{product['id']}/", json={}), 400)
    assert set(missing["details"]) == {"name", "price"}


@pytest.mark.row("PUT /api/products/{id}/")
async def test_replacing_what_somebody_else_has_changed_is_412(shop, staff, new_product):
    path = f"{PRODUCTS}{(await new_product())['id']}/"
    etag = (await shop.request("GET", path)).headers["etag"]
    body = {"name": "New lamp", "price": "5.00"}
    assert (await staff.call("PUT", path, json=body, headers={"If-Match": etag})).status_code == 200
    problem_of(await staff.call("PUT", path, json=body, headers={"If-Match": etag}), 412)


@pytest.mark.row("DELETE /api/products/{id}/")
async def test_a_deleted_product_is_gone_and_past_orders_stay_readable(shop, staff, buyer, new_product):
    product = await new_product()
    order = await buyer.buy(product["id"])
    answer = await staff.call("DELETE", f"{PRODUCTS}{product['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await shop.request("GET", f"{PRODUCTS}{product['id']}/"), 404)
    problem_of(await staff.call("PATCH", f"{PRODUCTS}{product['id']}/", json={}), 404)
    [item] = (await buyer.get(f"/api/orders/{order['id']}/"))["items"]
    assert (item["product"], item["name"]) == (product["id"], product["name"])


@pytest.mark.row("GET /api/products/", "GET /api/products/{id}/")
async def test_a_sale_is_seen_by_the_next_readers(shop, buyer, new_product):
    tag = secrets.token_hex(6)
    product = await new_product(stock=1, tags=[tag])
    assert (await read(shop, product))["is_in_stock"] is True
    await buyer.buy(product["id"])

    async def sold_out():
        [listed] = (await shop.request("GET", PRODUCTS, params={"tags": tag})).json()["results"]
        return (await read(shop, product))["stock"] == 0 and listed["is_in_stock"] is False

    await eventually(sold_out, within=30)


# --- the filters of products


@pytest.fixture
async def shelf(new_product):
    """Four products under one tag of their own, from the oldest to the newest."""
    mark = f"shelf{secrets.token_hex(5)}"
    linen, lamp = f"Linen {mark}", f"Lamps & {mark}"
    rows = (
        ("Shirt", "Light 100% linen", "18500.00", linen, ["summer", "cloth"], 4, True),
        ("Trousers", "Goes with the shirt", "21000.00", linen, ["office", "cloth"], 0, False),
        ("Desk lamp", "Warm light_source", "9500.50", lamp, ["office"], 12, False),
        ("Night lamp", "", "9500.50", lamp, [], 1, True),
    )
    for name, description, price, category, tags, stock, featured in rows:
        await new_product(
            name=f"{name} {mark}", description=description, price=price, category=category, tags=[mark, *tags],
            stock=stock, is_featured=featured,
        )  # fmt: skip
    return mark


SHIRT, TROUSERS, DESK, NIGHT = "Shirt", "Trousers", "Desk lamp", "Night lamp"
ALL = [NIGHT, DESK, TROUSERS, SHIRT]
QUERIES = {
    "": ALL,
    "category=linen%20{mark}": [TROUSERS, SHIRT],
    "category=lamps-{mark}": [NIGHT, DESK],
    "category=nothing": [],
    "price=9500.50": [NIGHT, DESK],
    "price=9500.5": [NIGHT, DESK],
    "price__gt=9500.50": [TROUSERS, SHIRT],
    "price__gte=18500": [TROUSERS, SHIRT],
    "price__lt=18500": [NIGHT, DESK],
    "price__lte=18500.00": [NIGHT, DESK, SHIRT],
    "price__gt=9500.50&price__lt=21000": [SHIRT],
    "tags=cloth": [TROUSERS, SHIRT],
    "tags=cloth&tags=office": [TROUSERS],
    "tags=clot": [],
    "tags__icontains=CLOT": [TROUSERS, SHIRT],
    "description__icontains=LIGHT": [DESK, SHIRT],
    "description__icontains=100%25": [SHIRT],
    "description__icontains=light_": [DESK],
    "is_featured=true": [NIGHT, SHIRT],
    "is_featured=false": [DESK, TROUSERS],
    "is_in_stock=true": [NIGHT, DESK, SHIRT],
    "is_in_stock=false": [TROUSERS],
    "search=shirt": [SHIRT, TROUSERS],  # the name counts more than the description
    "search=lamps": [NIGHT, DESK],
    "search=office%20trousers": [TROUSERS],
    "ordering=price": [DESK, NIGHT, SHIRT, TROUSERS],
    "ordering=-price": [TROUSERS, SHIRT, NIGHT, DESK],
    "ordering=name": [DESK, NIGHT, SHIRT, TROUSERS],
    "ordering=-name": [TROUSERS, SHIRT, NIGHT, DESK],
    "ordering=created_at": [SHIRT, TROUSERS, DESK, NIGHT],
    "ordering=-created_at": ALL,
    "ordering=rating_average": [SHIRT, TROUSERS, DESK, NIGHT],
    "page_size=3": [NIGHT, DESK, TROUSERS],
    "page_size=3&page=2": [SHIRT],
    "is_in_stock=true&is_featured=true&price__lt=10000": [NIGHT],
    "nonsense=1&category=&search=": ALL,
}


@pytest.mark.row("Product filters", "GET /api/products/")
async def test_each_filter_of_products_finds_what_it_says(shop, shelf):
    for query, names in QUERIES.items():
        answer = await shop.request("GET", f"{PRODUCTS}?tags={shelf}&{query.format(mark=shelf)}")
        assert answer.status_code == 200, query
        assert [row["name"].removesuffix(f" {shelf}") for row in answer.json()["results"]] == names, query


@pytest.mark.row("Product filters")
@pytest.mark.parametrize(
    "query",
    ["price=cheap", "price__gt=NaN", "price__lte=1e3", "is_featured=perhaps", "is_in_stock=2", "ordering=stock"],
)
async def test_a_filter_of_products_that_cannot_be_read_is_400(shop, query):
    details = problem_of(await shop.request("GET", f"{PRODUCTS}?{query}"), 400)["details"]
    assert list(details) == [query.split("=")[0]]


# --- pictures


def picture(kind, size=(40, 30)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    return file.getvalue()


def upload(account, product, content, name="picture.bin"):
    files = {"file": (name, content, "application/octet-stream")}
    return account.call("POST", f"{PRODUCTS}{product['id']}/images/", files=files)


@pytest.mark.row("POST /api/products/{id}/images/", "DELETE /api/products/{id}/images/{image_id}/")
async def test_pictures_are_stored_shown_in_order_and_taken_away(shop, staff, new_product):
    product = await new_product()
    made = []
    for kind in ("JPEG", "PNG", "WEBP"):
        answer = await upload(staff, product, picture(kind))
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
    assert set(made[0]) == {"id", "url", "width", "height", "position"}
    assert [(one["width"], one["height"], one["position"]) for one in made] == [(40, 30, n) for n in range(3)]
    assert (await read(shop, product))["images"] == made
    async with httpx.AsyncClient(timeout=30) as client:
        shown = await client.get(made[0]["url"])
    assert shown.headers["content-type"] == "image/jpeg"

    path = f"{PRODUCTS}{product['id']}/images/{made[0]['id']}/"
    answer = await staff.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await read(shop, product))["images"] == made[1:]
    problem_of(await staff.call("DELETE", path), 404)


@pytest.mark.row("POST /api/products/{id}/images/")
async def test_what_is_no_picture_by_its_content_is_refused(staff, new_product):
    product = await new_product()
    for content in (b"", b"<svg/>", picture("GIF"), picture("PNG")[:60]):
        assert list(problem_of(await upload(staff, product, content, "a.png"), 400)["details"]) == ["file"]
    path = f"{PRODUCTS}{product['id']}/images/"
    problem_of(await staff.call("POST", path, json={"file": "https://example.com/a.png"}), 415)
    problem_of(await staff.call("POST", path, files={"picture": ("a.png", picture("PNG"))}), 400)
    problem_of(await upload(staff, {"id": NOBODY}, picture("PNG")), 404)


@pytest.mark.row("POST /api/products/{id}/images/")
async def test_a_picture_over_5_mb_is_413(staff, new_product):
    product = await new_product()
    padding = b"\x00" * (5 * 1024 * 1024)
    problem_of(await upload(staff, product, picture("PNG") + padding), 413)


# --- stock


@pytest.mark.row("POST /api/products/{id}/stock/", "GET /api/products/{id}/stock/")
async def test_every_change_of_stock_is_in_the_ledger(shop, staff, buyer, new_product):
    product = await new_product(stock=10)
    path = f"{PRODUCTS}{product['id']}/stock/"
    answer = await staff.call("POST", path, json={"delta": -3, "reason": "damaged"})
    assert (answer.status_code, answer.json()) == (200, {"stock": 7})
    assert (await read(shop, product))["stock"] == 7
    await staff.call("PATCH", f"{PRODUCTS}{product['id']}/", json={"stock": 9})
    await buyer.buy(product["id"], 2)

    page = await staff.get(path)
    assert set(page) == {"count", "next", "previous", "results"}
    ledger = page["results"]
    assert set(ledger[0]) == {"id", "delta", "level", "reason", "actor", "at"}
    assert [(row["delta"], row["level"]) for row in ledger] == [(-2, 7), (2, 9), (-3, 7), (10, 10)]
    assert ledger[2]["reason"] == "damaged"
    assert ledger[2]["actor"] == (await staff.get("/api/customer_profile/me/"))["id"]
    assert [row["at"] for row in ledger] == sorted((row["at"] for row in ledger), reverse=True)


@pytest.mark.row("POST /api/products/{id}/stock/")
async def test_stock_never_goes_below_zero(shop, staff, new_product):
    product = await new_product(stock=2)
    path = f"{PRODUCTS}{product['id']}/stock/"
    problem_of(await staff.call("POST", path, json={"delta": -3, "reason": "damaged"}), 409)
    assert (await read(shop, product))["stock"] == 2
    answers = await asyncio.gather(*(staff.call("POST", path, json={"delta": -1, "reason": "lost"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409]
    assert (await read(shop, product))["stock"] == 0
    for body in ({}, {"delta": "x"}, {"delta": 0}, {"delta": 1.5}, {"delta": 1, "level": 3}):
        problem_of(await staff.call("POST", path, json=body), 400)
    problem_of(await staff.call("POST", f"{PRODUCTS}{NOBODY}/stock/", json={"delta": 1, "reason": "found"}), 404)


@pytest.mark.row("GET /api/admin/inventory/low/")
async def test_what_runs_low_is_listed_at_and_under_its_threshold(staff, new_product):
    under = await new_product(stock=0, low_stock_threshold=2)
    at = await new_product(stock=2, low_stock_threshold=2)
    above = await new_product(stock=3, low_stock_threshold=2)
    found, page = {}, "/api/admin/inventory/low/?page_size=100"
    while page:
        answer = await staff.get(page)
        found |= {row["id"]: row for row in answer["results"]}
        page = answer["next"]
    assert under["id"] in found
    assert found[at["id"]] == at
    assert above["id"] not in found


# --- categories


@pytest.mark.row("GET /api/categories/")
async def test_a_category_is_made_on_first_use_and_counts_its_products(shop, staff, new_product):
    name = f"Reading & {secrets.token_hex(4)}"
    for spelling in (name, name.upper()):
        product = await new_product(category=spelling)
    assert (await category(shop, name))["product_count"] == 2
    await staff.call("DELETE", f"{PRODUCTS}{product['id']}/")
    found = await category(shop, name)
    assert found == {"name": name, "slug": name.lower().replace(" & ", "-"), "product_count": 1}


async def category(shop, name):
    page = "/api/categories/?page_size=100"
    while page:
        answer = (await shop.request("GET", page)).json()
        for found in answer["results"]:
            if found["name"] == name:
                return found
        page = answer["next"]
    raise AssertionError(name)


# --- reviews


async def paid(buyer, product, quantity=1):
    order = await buyer.buy(product["id"], quantity)
    await buyer.pay(order["id"])
    await buyer.becomes(order["id"], "PROCESSING", within=60)
    return order


async def review(account, product, rating=5, comment="Excellent product, highly recommend!"):
    """Write a review as soon as the shop knows that the product was paid."""
    body = {"product": product["id"], "rating": rating, "comment": comment}

    async def written():
        answer = await account.call("POST", REVIEWS, json=body)
        return answer if answer.status_code != 403 else None

    answer = await eventually(written, within=60, every=0.2)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.row("POST /api/reviews/", "GET /api/reviews/{id}/", "GET /api/products/{id}/reviews/")
async def test_who_bought_and_paid_writes_one_review_and_everybody_reads_it(shop, buyer, new_account, new_product):
    product = await new_product()
    body = {"product": product["id"], "rating": 4, "comment": "Good"}
    problem_of(await buyer.call("POST", REVIEWS, json=body), 403)
    order = await buyer.buy(product["id"])
    problem_of(await buyer.call("POST", REVIEWS, json=body), 403)
    await buyer.pay(order["id"])
    made = await review(buyer, product, rating=4, comment="Good")

    assert set(made) == REVIEW
    me = await buyer.get("/api/customer_profile/me/")
    expected = {**body, "customer": me["id"], "author": me["first_name"], "is_approved": True}
    assert {name: made[name] for name in expected} == expected
    problem_of(await buyer.call("POST", REVIEWS, json=body), 409)
    assert await (await new_account()).get(f"{REVIEWS}{made['id']}/") == made
    public = await shop.request("GET", f"{PRODUCTS}{product['id']}/reviews/")
    assert public.json()["results"] == [made]
    shown = await read(shop, product)
    assert (shown["rating_average"], shown["review_count"]) == (4.0, 1)


@pytest.mark.row("POST /api/reviews/", "GET /api/products/{id}/reviews/", "GET /api/reviews/{id}/")
async def test_a_review_of_nothing_or_without_sense_is_refused(shop, buyer, new_product):
    product = await new_product()
    problem_of(await buyer.call("POST", REVIEWS, json={"product": NOBODY, "rating": 5, "comment": ""}), 404)
    for field, value in (("rating", 0), ("rating", 6), ("rating", 4.5), ("product", "x"), ("is_approved", True)):
        body = {"product": product["id"], "rating": 5, "comment": "", field: value}
        assert list(problem_of(await buyer.call("POST", REVIEWS, json=body), 400)["details"]) == [field]
    problem_of(await shop.request("GET", f"{PRODUCTS}{NOBODY}/reviews/"), 404)
    problem_of(await buyer.call("GET", f"{REVIEWS}{NOBODY}/"), 404)


@pytest.mark.row("POST /api/reviews/")
async def test_a_refund_takes_the_right_to_review(buyer, new_product):
    product = await new_product()
    order = await paid(buyer, product)
    made = await review(buyer, product)
    assert (await buyer.call("DELETE", f"{REVIEWS}{made['id']}/")).status_code == 204
    assert (await buyer.call("POST", f"/api/orders/{order['id']}/cancel/")).status_code == 200
    await buyer.becomes(order["id"], "REFUNDED", within=60)

    async def right_is_gone():
        answer = await buyer.call("POST", REVIEWS, json={"product": product["id"], "rating": 5, "comment": ""})
        if answer.status_code == 201:
            await buyer.call("DELETE", f"{REVIEWS}{answer.json()['id']}/")
        return answer.status_code == 403

    await eventually(right_is_gone, within=60, every=0.3)


@pytest.mark.row("PUT /api/reviews/{id}/", "PATCH /api/reviews/{id}/", "DELETE /api/reviews/{id}/")
async def test_the_author_and_staff_change_and_delete_a_review_and_nobody_else(
    shop, buyer, staff, new_account, new_product
):
    product = await new_product()
    await paid(buyer, product)
    made = await review(buyer, product)
    path = f"{REVIEWS}{made['id']}/"

    patched = await buyer.call("PATCH", path, json={"rating": 2})
    assert (patched.status_code, patched.json()["rating"], patched.json()["comment"]) == (200, 2, made["comment"])
    replaced = await buyer.call("PUT", path, json={"rating": 3, "comment": "So so"})
    assert (replaced.status_code, replaced.json()["comment"]) == (200, "So so")
    assert (await read(shop, product))["rating_average"] == 3.0
    assert list(problem_of(await buyer.call("PUT", path, json={"comment": "So so"}), 400)["details"]) == ["rating"]
    assert (await buyer.call("PATCH", path, json={})).status_code == 200
    problem_of(await buyer.call("PATCH", path, json={"customer": NOBODY}), 400)
    problem_of(await buyer.call("PATCH", path, json={"is_approved": False}), 403)

    stranger = await new_account()
    for method, body in (("PUT", {"rating": 1, "comment": ""}), ("PATCH", {"rating": 1}), ("DELETE", None)):
        problem_of(await stranger.call(method, path, json=body), 404)
    assert (await staff.call("PATCH", path, json={"comment": "Moderated"})).json()["comment"] == "Moderated"
    answer = await staff.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await buyer.call("GET", path), 404)
    shown = await read(shop, product)
    assert (shown["rating_average"], shown["review_count"]) == (0, 0)


@pytest.mark.row("PATCH /api/reviews/{id}/", "GET /api/reviews/", "GET /api/products/{id}/reviews/")
async def test_what_staff_do_not_approve_only_its_author_and_staff_see(shop, buyer, staff, new_account, new_product):
    product, stranger = await new_product(), await new_account()
    for account in (buyer, stranger):
        await paid(account, product)
    hidden, seen = await review(buyer, product, rating=1), await review(stranger, product, rating=5)
    path = f"{REVIEWS}{hidden['id']}/"
    answer = await staff.call("PATCH", path, json={"is_approved": False})
    assert (answer.status_code, answer.json()["is_approved"]) == (200, False)

    edited = await buyer.call("PATCH", path, json={"comment": "Bad"})
    assert edited.json()["is_approved"] is False
    shown = await read(shop, product)
    assert (shown["rating_average"], shown["review_count"]) == (5.0, 1)
    public = (await shop.request("GET", f"{PRODUCTS}{product['id']}/reviews/")).json()
    assert [row["id"] for row in public["results"]] == [seen["id"]]
    problem_of(await stranger.call("GET", path), 404)
    assert (await buyer.get(path))["is_approved"] is False

    of_product = f"product={product['id']}"
    for account, query, rows in (
        (stranger, "", [seen]),
        (stranger, "&is_approved=false", []),
        (buyer, "", [seen, hidden]),
        (buyer, "&is_approved=false", [hidden]),
        (staff, "", [seen, hidden]),
        (staff, "&rating=1", [hidden]),
        (staff, "&rating=3", []),
        (staff, "&is_approved=true", [seen]),
        (staff, f"&customer={seen['customer']}", [seen]),
    ):
        page = await account.get(f"{REVIEWS}?{of_product}{query}")
        assert [row["id"] for row in page["results"]] == [row["id"] for row in rows], query
    assert (await staff.call("PATCH", path, json={"is_approved": True})).status_code == 200
    assert (await read(shop, product))["rating_average"] == 3.0


@pytest.mark.row("GET /api/reviews/")
async def test_a_filter_of_reviews_that_cannot_be_read_is_400(buyer):
    for query in ("product=x", "rating=6", "rating=good", "customer=x", "is_approved=perhaps"):
        details = problem_of(await buyer.call("GET", f"{REVIEWS}?{query}"), 400)["details"]
        assert list(details) == [query.split("=")[0]]
