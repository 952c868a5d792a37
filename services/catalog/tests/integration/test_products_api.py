from decimal import Decimal

import pytest

from shopsite_catalog.schemas.products import ProductOut
from shopsite_common.events import AdminActed, ProductCreated, ProductDeleted, ProductUpdated, StockChanged, StockLow
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted

pytestmark = pytest.mark.integration

SHIRT = {
    "name": "Linen shirt",
    "description": "Light and airy.",
    "price": "18500.00",
    "category": "Fashion",
    "tags": ["linen", "summer"],
    "stock": 7,
    "low_stock_threshold": 3,
    "is_featured": True,
}


async def create(client, staff, **changes):
    answer = await client.post("/api/products/", json={**SHIRT, **changes}, headers=staff)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_new_product_is_shown_as_it_was_written(client, staff, session):
    made = await create(client, staff)

    shown = (await client.get(f"/api/products/{made['id']}/")).json()

    assert shown == made
    assert {key: shown[key] for key in SHIRT} == SHIRT
    assert (shown["currency"], shown["is_in_stock"], shown["images"]) == ("NGN", True, [])
    assert (shown["rating_average"], shown["review_count"]) == (0, 0)
    assert shown["created_at"].endswith("Z")
    ProductOut.model_validate(shown)
    kinds = [type(event) for event in emitted(session, "catalog")]
    assert kinds == [ProductCreated, AdminActed]


async def test_name_and_price_are_enough(client, staff):
    made = await client.post("/api/products/", json={"name": "Pen", "price": "1.5"}, headers=staff)

    shown = made.json()
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/products/{shown['id']}/"
    assert (shown["price"], shown["stock"], shown["category"], shown["tags"]) == ("1.50", 0, None, [])
    assert shown["is_in_stock"] is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price": "0"}, "price"),
        ({"price": "-1"}, "price"),
        ({"price": "10000000.01"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": True}, "price"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"),
        ({"stock": -1}, "stock"),
        ({"stock": "3"}, "stock"),
        ({"stock": 1.5}, "stock"),
        ({"is_featured": "yes"}, "is_featured"),
        ({"tags": ["a\nb"]}, "tags.0"),
        ({"name": "a\x00b"}, "name"),
        ({"tags": [""]}, "tags.0"),
        ({"category": "!!!"}, "category"),
        ({"id": str(uuid7())}, "id"),
        ({"rating_average": 5}, "rating_average"),
        ({"is_in_stock": True}, "is_in_stock"),
    ],
)
async def test_what_no_product_can_be_is_refused_by_field(client, staff, changes, field):
    answer = await client.post("/api/products/", json={**SHIRT, **changes}, headers=staff)

    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [field]


async def test_only_staff_write_products(client, tokens, staff):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"

    for method, url in (("POST", "/api/products/"), ("PUT", path), ("PATCH", path), ("DELETE", path)):
        assert (await client.request(method, url, json=SHIRT)).status_code == 401
        assert (await client.request(method, url, json=SHIRT, headers=tokens.headers())).status_code == 403
    assert (await client.get(path)).json() == made


async def test_a_bad_token_is_refused_on_public_reads_too(client, staff):
    made = await create(client, staff)

    for path in ("/api/products/", f"/api/products/{made['id']}/", "/api/categories/"):
        assert (await client.get(path, headers={"Authorization": "Bearer nonsense"})).status_code == 401
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 200  # nothing is no credential


async def test_put_needs_what_is_required_and_resets_the_rest_but_the_stock(client, staff):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"

    refused = await client.put(path, json={"name": "Shirt"}, headers=staff)
    changed = (await client.put(path, json={"name": "Shirt", "price": "5.00"}, headers=staff)).json()

    assert refused.status_code == 400
    assert list(refused.json()["details"]) == ["price"]
    assert (changed["name"], changed["price"], changed["stock"]) == ("Shirt", "5.00", 7)
    assert (changed["description"], changed["category"], changed["tags"]) == ("", None, [])
    assert changed["is_featured"] is False


async def test_patch_changes_what_it_names(client, staff):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"

    nothing = await client.patch(path, json={}, headers=staff)
    changed = (await client.patch(path, json={"price": "9.99", "category": None}, headers=staff)).json()
    null = await client.patch(path, json={"name": None}, headers=staff)

    assert (nothing.status_code, nothing.json()) == (200, made)
    assert (changed["price"], changed["category"], changed["name"]) == ("9.99", None, made["name"])
    assert changed["updated_at"] > made["updated_at"]
    assert null.status_code == 400


async def test_an_edited_stock_is_in_the_ledger_and_told(client, staff, session):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"

    await client.patch(path, json={"stock": 2}, headers=staff)
    await client.patch(path, json={"stock": 1}, headers=staff)

    rows = (await client.get(f"{path}stock/", headers=staff)).json()["results"]
    assert [(row["reason"], row["delta"], row["level"]) for row in rows] == [
        ("edit", -1, 1),
        ("edit", -5, 2),
        ("initial", 7, 7),
    ]
    told = [event for event in emitted(session, "catalog") if isinstance(event, StockChanged | StockLow)]
    assert [type(event) for event in told] == [StockChanged, StockLow, StockChanged]
    assert told[1].stock == 2


async def test_an_outdated_if_match_changes_nothing(client, staff):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"
    seen = (await client.get(path)).headers["etag"]

    first = await client.patch(path, json={"price": "2.00"}, headers={**staff, "If-Match": seen})
    second = await client.patch(path, json={"price": "3.00"}, headers={**staff, "If-Match": seen})
    deleted = await client.delete(path, headers={**staff, "If-Match": seen})
    current = await client.put(
        path, json={"name": "A", "price": "4.00"}, headers={**staff, "If-Match": f'"x", {first.headers["etag"]}'}
    )

    assert [first.status_code, second.status_code, deleted.status_code, current.status_code] == [200, 412, 412, 200]
    assert (await client.get(path)).json()["price"] == "4.00"


async def test_a_deleted_product_is_gone_for_good(client, staff, session):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/"

    answers = [await client.delete(path, headers=staff), await client.delete(path, headers=staff)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert (await client.get(path)).status_code == 404
    assert (await client.patch(path, json={"price": "1.00"}, headers=staff)).status_code == 404
    assert (await client.get("/api/products/")).json()["count"] == 0
    assert [type(event) for event in emitted(session, "catalog")][-2:] == [ProductDeleted, AdminActed]


async def test_unknown_and_malformed_ids_are_not_found(client):
    for path in (f"/api/products/{uuid7()}/", "/api/products/nonsense/", f"/api/products/{uuid7()}/reviews/"):
        assert (await client.get(path)).status_code == 404


async def test_a_path_without_the_last_slash_is_the_same(client, staff):
    made = await create(client, staff)

    assert (await client.get(f"/api/products/{made['id']}")).json() == made
    assert (await client.get("/api/products")).status_code == 200


async def test_categories_are_made_once_whatever_the_spelling(client, staff):
    first = await create(client, staff, category="Home & Kitchen")
    second = await create(client, staff, category="  home &  KITCHEN ")
    third = await create(client, staff, category="Home Kitchen")
    gone = await create(client, staff, category="Toys")
    await client.delete(f"/api/products/{gone['id']}/", headers=staff)

    listed = (await client.get("/api/categories/")).json()

    assert (first["category"], second["category"], third["category"]) == (
        "Home & Kitchen",
        "Home & Kitchen",
        "Home Kitchen",
    )
    assert listed["count"] == 3
    by_name = {entry["name"]: entry for entry in listed["results"]}
    assert by_name["Home & Kitchen"] == {"name": "Home & Kitchen", "slug": "home-kitchen", "product_count": 2}
    assert by_name["Home Kitchen"]["slug"].startswith("home-kitchen-")
    assert by_name["Toys"]["product_count"] == 0
    assert (await client.get("/api/products/?category=home-kitchen")).json()["count"] == 2
    assert (await client.get("/api/categories/?page=2")).status_code == 404


async def test_the_stock_is_corrected_by_a_difference(client, staff, tokens):
    made = await create(client, staff)
    path = f"/api/products/{made['id']}/stock/"

    answers = [
        await client.post(path, json={"delta": -3, "reason": "damaged"}, headers=staff),
        await client.post(path, json={"delta": -5, "reason": "stolen"}, headers=staff),
        await client.post(path, json={"delta": 0}, headers=staff),
        await client.post(path, json={"delta": "2"}, headers=staff),
        await client.post(path, json={"delta": 1}, headers=tokens.headers()),
        await client.post(f"/api/products/{uuid7()}/stock/", json={"delta": 1}, headers=staff),
    ]

    assert [answer.status_code for answer in answers] == [200, 409, 400, 400, 403, 404]
    assert answers[0].json() == {"stock": 4}
    assert answers[1].json()["code"] == "stock_out_of_range"
    newest = (await client.get(path, headers=staff)).json()["results"][0]
    assert (newest["delta"], newest["level"], newest["reason"]) == (-3, 4, "damaged")
    assert newest["actor"] == "01930000-0000-7000-8000-000000000001"
    assert set(newest) == {"id", "delta", "level", "reason", "actor", "at"}
    assert (await client.get(f"/api/products/{made['id']}/")).json()["stock"] == 4


async def test_what_runs_low_is_listed_for_staff(client, staff, tokens):
    await create(client, staff, stock=4, low_stock_threshold=3)
    scarce = await create(client, staff, stock=1, low_stock_threshold=3)
    edge = await create(client, staff, stock=3, low_stock_threshold=3)

    listed = (await client.get("/api/admin/inventory/low/", headers=staff)).json()

    assert [entry["id"] for entry in listed["results"]] == [scarce["id"], edge["id"]]
    assert (await client.get("/api/admin/inventory/low/", headers=tokens.headers())).status_code == 403
    assert (await client.get("/api/admin/inventory/low/")).status_code == 401


async def test_the_cart_gets_a_card_with_the_number_of_the_last_event(client, staff, by_cart, by_orders, session):
    made = await create(client, staff)
    await client.patch(f"/api/products/{made['id']}/", json={"price": "3.00"}, headers=staff)
    path = f"/internal/products/{made['id']}/"

    card = (await client.get(path, headers=by_cart)).json()

    assert card == {
        "product_id": made["id"],
        "name": "Linen shirt",
        "price": "3.00",
        "currency": "NGN",
        "image_url": None,
        "stock": 7,
        "sequence": 2,
    }
    updated = [event for event in emitted(session, "catalog") if isinstance(event, ProductUpdated)]
    assert [event.price for event in updated] == [Decimal("3.00")]
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=by_orders)).status_code == 403
    assert (await client.get(f"/internal/products/{uuid7()}/", headers=by_cart)).status_code == 404
