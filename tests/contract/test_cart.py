"""The cart's table of the contract, row by row."""

import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import details_of, problem_of

pytestmark = pytest.mark.e2e

CART = {"id", "items", "item_count", "total", "currency", "updated_at"}
LINE = {"id", "product", "quantity", "subtotal", "availability"}
PRODUCT = {"id", "name", "price", "image_url", "is_in_stock"}


async def own_cart(buyer):
    return await buyer.get("/api/cart/me/")


async def add(buyer, product, quantity=1):
    answer = await buyer.call("POST", "/api/cart-items/", json={"product": product["id"], "quantity": quantity})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.row("GET /api/cart/me/")
async def test_the_active_cart_is_made_on_first_use(buyer):
    cart = await own_cart(buyer)
    assert set(cart) == CART
    assert (cart["items"], cart["item_count"], cart["total"], cart["currency"]) == ([], 0, "0.00", "NGN")
    assert (await own_cart(buyer))["id"] == cart["id"]


@pytest.mark.row("GET /api/cart/")
async def test_the_list_holds_the_one_active_cart(buyer, new_product):
    await add(buyer, await new_product())
    page = await buyer.get("/api/cart/")
    assert page == {"count": 1, "next": None, "previous": None, "results": [await own_cart(buyer)]}


@pytest.mark.row("GET /api/cart/{id}/")
async def test_a_cart_shows_its_lines_with_the_products_and_sums(buyer, new_product):
    mug, lamp = await new_product(price="1999.50"), await new_product(price="0.05")
    await add(buyer, mug, 2)
    await add(buyer, lamp, 3)
    cart = await buyer.get(f"/api/cart/{(await own_cart(buyer))['id']}/")
    assert set(cart) == CART
    first, second = cart["items"]
    assert (set(first), set(first["product"])) == (LINE, PRODUCT)
    assert first["product"]["id"] == mug["id"]
    assert (first["product"]["name"], first["product"]["price"]) == (mug["name"], "1999.50")
    assert (first["quantity"], first["subtotal"], first["availability"]) == (2, "3999.00", "ok")
    assert (second["quantity"], second["subtotal"]) == (3, "0.15")
    assert (cart["item_count"], cart["total"]) == (5, "3999.15")


@pytest.mark.row("GET /api/cart/{id}/", "PUT /api/cart/{id}/", "PATCH /api/cart/{id}/", "DELETE /api/cart/{id}/")
async def test_another_customers_cart_is_not_there(buyer, new_account, new_product):
    await add(buyer, await new_product())
    cart, stranger = await own_cart(buyer), await new_account()
    for method, body in (("GET", None), ("PUT", {"items": []}), ("PATCH", {"items": []}), ("DELETE", None)):
        problem_of(await stranger.call(method, f"/api/cart/{cart['id']}/", json=body), 404)
        problem_of(await buyer.call(method, f"/api/cart/{uuid7()}/", json=body), 404)
        problem_of(await buyer.call(method, "/api/cart/not-a-uuid/", json=body), 404)
    assert await own_cart(buyer) == cart


@pytest.mark.row("PUT /api/cart/{id}/")
async def test_putting_a_cart_replaces_its_lines(buyer, new_product):
    before, after = await new_product(), await new_product()
    await add(buyer, before)
    path = f"/api/cart/{(await own_cart(buyer))['id']}/"
    answer = await buyer.call("PUT", path, json={"items": [{"product": after["id"], "quantity": 4}]})
    assert answer.status_code == 200
    assert [(line["product"]["id"], line["quantity"]) for line in answer.json()["items"]] == [(after["id"], 4)]
    assert answer.json() == await own_cart(buyer)
    assert details_of(await buyer.call("PUT", path, json={}), 400) == {"items": ["This field is required."]}
    zero = {"items": [{"product": after["id"], "quantity": 0}]}
    assert set(details_of(await buyer.call("PUT", path, json=zero), 400)) == {"items.0.quantity"}
    twice = {"items": [{"product": after["id"], "quantity": 1}] * 2}
    assert set(details_of(await buyer.call("PUT", path, json=twice), 400)) == {"non_field_errors"}


@pytest.mark.row("PATCH /api/cart/{id}/")
async def test_patching_a_cart_sets_the_lines_named_and_zero_takes_one_out(buyer, new_product):
    kept, changed, removed = [await new_product() for _ in range(3)]
    for product in (kept, changed, removed):
        await add(buyer, product)
    path = f"/api/cart/{(await own_cart(buyer))['id']}/"
    items = [{"product": changed["id"], "quantity": 5}, {"product": removed["id"], "quantity": 0}]
    answer = await buyer.call("PATCH", path, json={"items": items})
    assert answer.status_code == 200
    quantities = {line["product"]["id"]: line["quantity"] for line in answer.json()["items"]}
    assert quantities == {kept["id"]: 1, changed["id"]: 5}
    empty = await buyer.call("PATCH", path, json={})
    assert (empty.status_code, empty.json()["items"]) == (200, answer.json()["items"])


@pytest.mark.row("DELETE /api/cart/{id}/")
async def test_deleting_a_cart_empties_it(buyer, new_product):
    await add(buyer, await new_product(), 2)
    cart = await own_cart(buyer)
    answer = await buyer.call("DELETE", f"/api/cart/{cart['id']}/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await own_cart(buyer))["items"] == []
    assert (await own_cart(buyer))["id"] == cart["id"]


@pytest.mark.row("POST /api/cart-items/")
async def test_the_same_product_again_adds_up(buyer, new_product):
    product = await new_product(stock=10)
    line = await add(buyer, product, 2)
    assert set(line) == LINE | {"currency"}
    again = await add(buyer, product, 3)
    assert (again["id"], again["quantity"], again["subtotal"]) == (line["id"], 5, "9997.50")
    assert len((await own_cart(buyer))["items"]) == 1


@pytest.mark.row("POST /api/cart-items/")
async def test_what_cannot_be_put_into_a_cart(buyer, new_product):
    product = await new_product(stock=3)

    async def post(**body):
        return await buyer.call("POST", "/api/cart-items/", json=body)

    problem_of(await post(product=str(uuid7()), quantity=1), 404)
    assert set(details_of(await post(quantity=1), 400)) == {"product"}
    assert set(details_of(await post(product="not-a-uuid", quantity=1), 400)) == {"product"}
    for quantity in (0, -1, 1000, 1.5, "two", None, True):
        assert set(details_of(await post(product=product["id"], quantity=quantity), 400)) == {"quantity"}, quantity
    assert set(details_of(await post(product=product["id"], quantity=1, price="0.01"), 400)) == {"price"}
    short = details_of(await post(product=product["id"], quantity=4), 409, "out_of_stock")
    assert short == {product["id"]: {"available": 3}}
    assert (await own_cart(buyer))["items"] == []


@pytest.mark.row("POST /api/cart-items/")
async def test_adding_up_past_999_is_a_bad_request(buyer, new_product):
    product = await new_product(stock=2000)
    await add(buyer, product, 999)
    answer = await buyer.call("POST", "/api/cart-items/", json={"product": product["id"], "quantity": 1})
    assert set(details_of(answer, 400)) == {"quantity"}
    assert (await own_cart(buyer))["item_count"] == 999


@pytest.mark.row("GET /api/cart-items/")
async def test_the_lines_are_listed_in_pages(buyer, new_product):
    products = [await new_product() for _ in range(3)]
    for product in products:
        await add(buyer, product)
    first = await buyer.get("/api/cart-items/?page_size=2")
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    rest = (await buyer.call("GET", first["next"])).json()
    assert [line["product"]["id"] for line in first["results"] + rest["results"]] == [row["id"] for row in products]
    assert (rest["next"], set(rest["results"][0])) == (None, LINE | {"currency"})
    problem_of(await buyer.call("GET", "/api/cart-items/?page=9"), 404)


@pytest.mark.row("GET /api/cart-items/{id}/", "PUT /api/cart-items/{id}/", "PATCH /api/cart-items/{id}/")
async def test_a_lines_quantity_can_be_read_and_set(buyer, new_product):
    product = await new_product(stock=8)
    line = await add(buyer, product)
    path = f"/api/cart-items/{line['id']}/"
    assert await buyer.get(path) == line
    put = await buyer.call("PUT", path, json={"quantity": 8})
    assert (put.status_code, put.json()["quantity"], put.json()["subtotal"]) == (200, 8, "15996.00")
    patched = await buyer.call("PATCH", path, json={"quantity": 2})
    assert (patched.status_code, patched.json()["quantity"]) == (200, 2)
    unchanged = await buyer.call("PATCH", path, json={})
    assert (unchanged.status_code, unchanged.json()) == (200, patched.json())
    assert set(details_of(await buyer.call("PUT", path, json={}), 400)) == {"quantity"}
    for method in ("PUT", "PATCH"):
        for quantity in (0, 1000):
            assert set(details_of(await buyer.call(method, path, json={"quantity": quantity}), 400)) == {"quantity"}
        short = details_of(await buyer.call(method, path, json={"quantity": 9}), 409, "out_of_stock")
        assert short == {product["id"]: {"available": 8}}
        fixed = details_of(await buyer.call(method, path, json={"quantity": 1, "product": product["id"]}), 400)
        assert set(fixed) == {"product"}
    assert (await buyer.get(path))["quantity"] == 2


@pytest.mark.row("DELETE /api/cart-items/{id}/")
async def test_a_line_can_be_taken_out_by_its_owner_alone(buyer, new_account, new_product):
    line = await add(buyer, await new_product())
    path, stranger = f"/api/cart-items/{line['id']}/", await new_account()
    for method, body in (("GET", None), ("PUT", {"quantity": 2}), ("PATCH", {"quantity": 2}), ("DELETE", None)):
        problem_of(await stranger.call(method, path, json=body), 404)
    answer = await buyer.call("DELETE", path)
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await buyer.call("DELETE", path), 404)
    assert (await own_cart(buyer))["items"] == []


@pytest.mark.row("POST /api/products/{id}/add_to_cart/")
async def test_a_product_goes_into_the_cart_by_its_own_address(buyer, new_product):
    product = await new_product(stock=5)
    path = f"/api/products/{product['id']}/add_to_cart/"
    one = await buyer.call("POST", path)
    assert one.status_code == 200
    assert (set(one.json()), one.json()["item_count"]) == (CART, 1)
    more = await buyer.call("POST", path, json={"quantity": 3})
    assert (more.status_code, more.json()["items"][0]["quantity"]) == (200, 4)
    assert (await buyer.call("POST", path, json={})).json()["item_count"] == 5
    problem_of(await buyer.call("POST", path), 409, "out_of_stock")
    problem_of(await buyer.call("POST", f"/api/products/{uuid7()}/add_to_cart/"), 404)
    problem_of(await buyer.call("POST", path, json={"quantity": 0}), 400)


@pytest.mark.row("DELETE /api/products/{id}/remove_from_cart/")
async def test_a_product_leaves_the_cart_by_its_own_address(buyer, new_product):
    product, other = await new_product(), await new_product()
    await add(buyer, product, 2)
    await add(buyer, other)
    path = f"/api/products/{product['id']}/remove_from_cart/"
    answer = await buyer.call("DELETE", path)
    assert answer.status_code == 200
    assert [line["product"]["id"] for line in answer.json()["items"]] == [other["id"]]
    problem_of(await buyer.call("DELETE", path), 404)


@pytest.mark.row("Prices in the cart", "Availability")
async def test_the_cart_follows_the_catalogs_price_and_stock(buyer, admin, new_product):
    product = await new_product(stock=5, price="100.00")
    await add(buyer, product, 3)

    async def becomes(**expected):
        async def so():
            cart = await own_cart(buyer)
            [line] = cart["items"]
            shown = {"price": line["product"]["price"], "is_in_stock": line["product"]["is_in_stock"]}
            shown |= {"availability": line["availability"], "subtotal": line["subtotal"], "total": cart["total"]}
            return expected.items() <= shown.items()

        await eventually(so)

    path = f"/api/products/{product['id']}/"
    await admin.call("PATCH", path, json={"price": "150.10"})
    await becomes(price="150.10", subtotal="450.30", total="450.30", availability="ok")
    await admin.call("POST", f"{path}stock/", json={"delta": -3, "reason": "damaged"})
    await becomes(availability="short", is_in_stock=True, total="450.30")
    await admin.call("POST", f"{path}stock/", json={"delta": -2, "reason": "damaged"})
    await becomes(availability="gone", is_in_stock=False, total="0.00")
    await admin.call("PATCH", path, json={"stock": 9})
    await becomes(availability="ok", total="450.30")
    assert (await admin.call("DELETE", path)).status_code == 204
    await becomes(availability="gone", is_in_stock=False, total="0.00")


@pytest.mark.row("Prices in the cart", "POST /api/cart-items/")
async def test_the_cart_answers_with_the_catalog_stopped(shop, buyer, new_product):
    product = await new_product(stock=9)
    line = await add(buyer, product)
    await shop.ctl("stop", "catalog-api")
    try:
        assert (await own_cart(buyer))["total"] == "1999.50"
        assert (await add(buyer, product, 2))["quantity"] == 3
        unknown = await buyer.call("POST", "/api/cart-items/", json={"product": str(uuid7()), "quantity": 1})
        problem_of(unknown, 503)
        assert unknown.headers["Retry-After"]
        assert (await buyer.call("DELETE", f"/api/cart-items/{line['id']}/")).status_code == 204
    finally:
        await shop.ctl("start", "catalog-api")

    async def back():
        return (await buyer.call("GET", f"/api/products/{product['id']}/")).status_code == 200

    await eventually(back, within=30)


@pytest.mark.row("GET /api/cart/", "GET /api/cart-items/")
async def test_a_cart_needs_a_signed_in_customer(shop):
    for method, path in (
        ("GET", "/api/cart/"),
        ("GET", "/api/cart/me/"),
        ("GET", f"/api/cart/{uuid7()}/"),
        ("GET", "/api/cart-items/"),
        ("POST", f"/api/products/{uuid7()}/add_to_cart/"),
        ("DELETE", f"/api/products/{uuid7()}/remove_from_cart/"),
    ):
        answer = await shop.request(method, path)
        problem_of(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
