from decimal import Decimal

import pytest

from shopsite_cart import service
from shopsite_cart.clients import CatalogProduct
from shopsite_cart.consumers import HANDLERS
from shopsite_cart.errors import ProductNotFound
from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.events import (
    CustomerDeleted,
    OrderCreated,
    OrderLine,
    ProductCreated,
    ProductDeleted,
    ProductUpdated,
    StockChanged,
)
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, event_of

pytestmark = pytest.mark.integration


class FakeCatalog:
    """A catalog that knows what a test puts into it."""

    def __init__(self):
        self.products = {}
        self.down = False
        self.asked = []

    async def get_product(self, product_id):
        self.asked.append(product_id)
        if self.down:
            raise Unavailable
        if product_id not in self.products:
            raise ProductNotFound
        return self.products[product_id]


@pytest.fixture
def catalog(app):
    app.state.resources.catalog = FakeCatalog()
    return app.state.resources.catalog


@pytest.fixture
def customer(tokens):
    customer_id = uuid7()
    return customer_id, tokens.headers(customer_id)


@pytest.fixture
def headers(customer):
    return customer[1]


def make_product(db, *, stock=10, price="100.00", name="Mug"):
    product_id = uuid7()
    product = ProductCreated(
        product_id=product_id, name=name, price=Decimal(price), currency="NGN", image_url=None, stock=stock
    )
    deliver(db, HANDLERS, event_of(product))
    return product_id


async def add(client, headers, product_id, quantity=1):
    return await client.post(
        "/api/cart-items/", json={"product": str(product_id), "quantity": quantity}, headers=headers
    )


async def cart_of(client, headers):
    answer = await client.get("/api/cart/me/", headers=headers)
    assert answer.status_code == 200
    return answer.json()


async def test_a_cart_is_made_on_first_use_and_stays_the_same(client, headers):
    first = await cart_of(client, headers)
    assert first == {**first, "items": [], "item_count": 0, "total": "0.00", "currency": "NGN"}
    assert first["updated_at"].endswith("Z")
    assert (await cart_of(client, headers))["id"] == first["id"]
    listed = (await client.get("/api/cart/", headers=headers)).json()
    assert listed == {"count": 1, "next": None, "previous": None, "results": [first]}
    assert (await client.get("/api/cart/?page=2", headers=headers)).status_code == 404


async def test_the_same_product_again_adds_up(client, headers, db):
    product_id = make_product(db, stock=10, price="19.90")
    first = await add(client, headers, product_id, 2)
    assert first.status_code == 201
    again = await add(client, headers, product_id, 3)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["quantity"] == 5
    cart = await cart_of(client, headers)
    assert (cart["total"], cart["item_count"]) == ("99.50", 5)
    assert cart["items"][0]["product"] == {
        "id": str(product_id),
        "name": "Mug",
        "price": "19.90",
        "image_url": None,
        "is_in_stock": True,
    }


async def test_a_line_by_itself_names_the_currency_of_its_amounts(client, headers, db):
    line = (await add(client, headers, make_product(db))).json()
    path = f"/api/cart-items/{line['id']}/"
    assert line["currency"] == "NGN"
    assert (await client.get("/api/cart-items/", headers=headers)).json()["results"] == [line]
    for method, body in (("GET", None), ("PATCH", {}), ("PUT", {"quantity": 1})):
        assert (await client.request(method, path, json=body, headers=headers)).json() == line
    assert (await cart_of(client, headers))["items"] == [{name: line[name] for name in line if name != "currency"}]


async def test_more_than_the_stock_is_a_conflict_and_changes_nothing(client, headers, db):
    product_id = make_product(db, stock=4)
    await add(client, headers, product_id, 3)
    answer = await add(client, headers, product_id, 2)
    assert answer.status_code == 409
    assert answer.json()["code"] == "out_of_stock"
    assert answer.json()["details"] == {str(product_id): {"available": 4}}
    assert (await cart_of(client, headers))["item_count"] == 3


async def test_adding_up_past_999_is_refused(client, headers, db):
    product_id = make_product(db, stock=5000)
    assert (await add(client, headers, product_id, 999)).status_code == 201
    answer = await add(client, headers, product_id, 1)
    assert answer.status_code == 400
    assert "quantity" in answer.json()["details"]
    assert (await add(client, headers, product_id, 1000)).status_code == 400


async def test_a_product_unknown_to_the_copy_is_asked_of_the_catalog_once(client, headers, catalog):
    product_id = uuid7()
    catalog.products[product_id] = CatalogProduct(
        product_id=product_id, name="New", price=Decimal("5.00"), image_url=None, stock=3, sequence=1
    )
    assert (await add(client, headers, product_id)).status_code == 201
    assert (await add(client, headers, product_id)).status_code == 201
    assert catalog.asked == [product_id]


async def test_a_product_that_nobody_knows_is_not_found(client, headers, catalog):
    answer = await add(client, headers, uuid7())
    assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")


async def test_a_catalog_that_is_down_is_503_for_the_unknown_only(client, headers, catalog, db):
    catalog.down = True
    known = make_product(db)
    assert (await add(client, headers, known)).status_code == 201
    answer = await add(client, headers, uuid7())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert (await cart_of(client, headers))["item_count"] == 1


async def test_add_to_cart_and_remove_from_cart_answer_with_the_cart(client, headers, db):
    product_id = make_product(db)
    plain = await client.post(f"/api/products/{product_id}/add_to_cart/", headers=headers)
    assert (plain.status_code, plain.json()["item_count"]) == (200, 1)
    two = await client.post(f"/api/products/{product_id}/add_to_cart/", json={"quantity": 2}, headers=headers)
    assert two.json()["item_count"] == 3
    removed = await client.delete(f"/api/products/{product_id}/remove_from_cart/", headers=headers)
    assert (removed.status_code, removed.json()["items"]) == (200, [])
    assert (await client.delete(f"/api/products/{product_id}/remove_from_cart/", headers=headers)).status_code == 404


async def test_put_replaces_patch_changes_delete_empties(client, headers, db):
    mug, pen, cup = (make_product(db, name=name) for name in ("Mug", "Pen", "Cup"))
    cart_id = (await cart_of(client, headers))["id"]
    url = f"/api/cart/{cart_id}/"
    both = {"items": [{"product": str(mug), "quantity": 2}, {"product": str(pen), "quantity": 1}]}
    replaced = await client.put(url, json=both, headers=headers)
    assert [(i["product"]["name"], i["quantity"]) for i in replaced.json()["items"]] == [("Mug", 2), ("Pen", 1)]
    change = {"items": [{"product": str(mug), "quantity": 0}, {"product": str(cup), "quantity": 4}]}
    changed = await client.patch(url, json=change, headers=headers)
    assert [(i["product"]["name"], i["quantity"]) for i in changed.json()["items"]] == [("Pen", 1), ("Cup", 4)]
    assert (await client.patch(url, json={}, headers=headers)).json()["items"] == changed.json()["items"]
    assert (await client.delete(url, headers=headers)).status_code == 204
    assert (await cart_of(client, headers))["items"] == []


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("put", {}),
        ("put", {"items": [], "total": "1.00"}),
        ("put", {"items": [{"product": "x", "quantity": 1}]}),
        ("put", {"items": [{"product": str(uuid7()), "quantity": 0}]}),
        ("put", {"items": [{"product": str(uuid7()), "quantity": True}]}),
        ("put", {"items": [{"product": str(uuid7()), "quantity": "2"}]}),
        ("put", {"items": [{"product": str(uuid7()), "quantity": 1.5}]}),
        ("patch", {"items": [{"product": str(uuid7()), "quantity": -1}]}),
        ("patch", {"items": None}),
        ("put", {"items": [{"product": str(uuid7()), "quantity": 1}] * 101}),
    ],
)
async def test_bodies_off_the_schema_are_400(client, headers, method, body):
    cart_id = (await cart_of(client, headers))["id"]
    assert (await client.request(method, f"/api/cart/{cart_id}/", json=body, headers=headers)).status_code == 400


async def test_one_product_named_twice_is_400(client, headers, db):
    item = {"product": str(make_product(db)), "quantity": 1}
    cart_id = (await cart_of(client, headers))["id"]
    answer = await client.put(f"/api/cart/{cart_id}/", json={"items": [item, item]}, headers=headers)
    assert answer.status_code == 400
    assert "non_field_errors" in answer.json()["details"]


async def test_lines_are_read_changed_and_removed_by_their_id(client, headers, db):
    item_id = (await add(client, headers, make_product(db, stock=5), 1)).json()["id"]
    url = f"/api/cart-items/{item_id}/"
    assert (await client.put(url, json={"quantity": 5}, headers=headers)).json()["quantity"] == 5
    assert (await client.patch(url, json={"quantity": 6}, headers=headers)).status_code == 409
    assert (await client.patch(url, json={}, headers=headers)).json()["quantity"] == 5
    assert (await client.patch(url, json={"quantity": 2.0}, headers=headers)).json()["subtotal"] == "200.00"
    assert (await client.put(url, json={}, headers=headers)).status_code == 400
    assert (await client.patch(url, json={"quantity": None}, headers=headers)).status_code == 400
    listed = (await client.get("/api/cart-items/", headers=headers)).json()
    assert [item["id"] for item in listed["results"]] == [item_id]
    assert (await client.delete(url, headers=headers)).status_code == 204
    assert (await client.get(url, headers=headers)).status_code == 404


async def test_another_customers_cart_and_lines_do_not_exist(client, headers, tokens, db):
    item_id = (await add(client, headers, make_product(db))).json()["id"]
    cart_id = (await cart_of(client, headers))["id"]
    stranger = tokens.headers(role="admin")
    for method, url, body in (
        ("GET", f"/api/cart/{cart_id}/", None),
        ("PUT", f"/api/cart/{cart_id}/", {"items": []}),
        ("PATCH", f"/api/cart/{cart_id}/", {"items": []}),
        ("DELETE", f"/api/cart/{cart_id}/", None),
        ("GET", f"/api/cart-items/{item_id}/", None),
        ("PUT", f"/api/cart-items/{item_id}/", {"quantity": 1}),
        ("PATCH", f"/api/cart-items/{item_id}/", {"quantity": 1}),
        ("DELETE", f"/api/cart-items/{item_id}/", None),
    ):
        assert (await client.request(method, url, json=body, headers=stranger)).status_code == 404, (method, url)
    assert (await cart_of(client, headers))["item_count"] == 1


async def test_nobody_gets_nothing(client):
    for url in ("/api/cart/", "/api/cart/me/", "/api/cart-items/", f"/api/cart/{uuid7()}/"):
        answer = await client.get(url)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_line_shows_that_there_is_less_or_nothing(client, headers, db):
    short, gone, deleted = (make_product(db, stock=5, price="10.00") for _ in range(3))
    for product_id in (short, gone, deleted):
        await add(client, headers, product_id, 4)
    for product_id, stock in ((short, 2), (gone, 0)):
        change = StockChanged(product_id=product_id, delta=stock - 5, stock=stock, reason="sale")
        deliver(db, HANDLERS, event_of(change, sequence=2))
    deliver(db, HANDLERS, event_of(ProductDeleted(product_id=deleted), sequence=2))
    cart = await cart_of(client, headers)
    assert [item["availability"] for item in cart["items"]] == ["short", "gone", "gone"]
    assert [item["product"]["is_in_stock"] for item in cart["items"]] == [True, False, False]
    assert cart["total"] == "40.00"
    answer = await add(client, headers, deleted)
    assert answer.status_code == 404


async def test_older_news_of_a_product_never_overwrites_newer(client, headers, db):
    product_id = make_product(db, stock=10, price="100.00")
    await add(client, headers, product_id)
    deliver(db, HANDLERS, event_of(StockChanged(product_id=product_id, delta=-4, stock=6, reason="sale"), sequence=5))
    late = ProductUpdated(
        product_id=product_id, name="Mug, big", price=Decimal("120.00"), currency="NGN", image_url="http://i/1", stock=9
    )
    deliver(db, HANDLERS, event_of(late, sequence=4))
    deliver(db, HANDLERS, event_of(StockChanged(product_id=product_id, delta=0, stock=1, reason="sale"), sequence=3))
    older = late.model_copy(update={"name": "Mug, old", "price": Decimal("1.00")})
    deliver(db, HANDLERS, event_of(older, sequence=2))
    item = (await cart_of(client, headers))["items"][0]
    assert (item["product"]["name"], item["product"]["price"]) == ("Mug, big", "120.00")
    assert (await add(client, headers, product_id, 6)).json()["details"] == {str(product_id): {"available": 6}}


async def test_a_deletion_is_final_even_when_it_comes_first(client, headers, db):
    product_id = uuid7()
    deliver(db, HANDLERS, event_of(ProductDeleted(product_id=product_id), sequence=9))
    created = ProductCreated(
        product_id=product_id, name="Mug", price=Decimal(1), currency="NGN", image_url=None, stock=1
    )
    deliver(db, HANDLERS, event_of(created, sequence=1))
    assert (await add(client, headers, product_id)).status_code == 404


async def test_stock_alone_makes_no_product(client, headers, db, catalog):
    product_id = uuid7()
    deliver(db, HANDLERS, event_of(StockChanged(product_id=product_id, delta=1, stock=1, reason="x"), sequence=2))
    assert (await add(client, headers, product_id)).status_code == 404
    assert catalog.asked == [product_id]


def order_of(customer_id, *lines):
    items = [
        OrderLine(
            product_id=product_id,
            cart_line_id=line_id,
            name="Mug",
            unit_price=Decimal(1),
            quantity=quantity,
            subtotal=Decimal(quantity),
        )
        for line_id, product_id, quantity in lines
    ]
    return OrderCreated(
        order_id=uuid7(),
        number="SO-1",
        customer_id=customer_id,
        items=items,
        total=Decimal(1),
        currency="NGN",
        created_at=utcnow(),
        payment_due_at=utcnow(),
    )


async def test_what_was_ordered_leaves_and_what_came_later_stays_as_a_new_line(client, customer, db):
    customer_id, headers = customer
    mug, pen = make_product(db), make_product(db)
    mug_line = (await add(client, headers, mug, 2)).json()["id"]
    pen_line = (await add(client, headers, pen, 1)).json()["id"]
    ordered = event_of(order_of(customer_id, (mug_line, mug, 2), (pen_line, pen, 1)))
    await add(client, headers, mug, 3)
    assert deliver(db, HANDLERS, ordered) == ["done"]
    assert deliver(db, HANDLERS, ordered) == ["duplicate"]
    items = (await cart_of(client, headers))["items"]
    assert [(item["product"]["id"], item["quantity"]) for item in items] == [(str(mug), 3)]
    assert items[0]["id"] != mug_line


async def test_a_line_added_anew_is_no_part_of_the_older_order(client, customer, db):
    customer_id, headers = customer
    mug = make_product(db)
    line = (await add(client, headers, mug, 2)).json()["id"]
    await client.delete(f"/api/cart-items/{line}/", headers=headers)
    await add(client, headers, mug, 1)
    deliver(db, HANDLERS, event_of(order_of(customer_id, (line, mug, 2))))
    assert (await cart_of(client, headers))["item_count"] == 1


async def test_an_erased_customers_cart_is_deleted(client, customer, db):
    customer_id, headers = customer
    await add(client, headers, make_product(db))
    old = (await cart_of(client, headers))["id"]
    deliver(db, HANDLERS, event_of(CustomerDeleted(customer_id=customer_id)))
    cart = await cart_of(client, headers)
    assert cart["items"] == []
    assert cart["id"] != old


async def test_a_cart_holds_at_most_100_products(client, headers, db):
    products = [make_product(db) for _ in range(101)]
    cart_id = (await cart_of(client, headers))["id"]
    items = [{"product": str(product), "quantity": 1} for product in products[:100]]
    assert (await client.put(f"/api/cart/{cart_id}/", json={"items": items}, headers=headers)).status_code == 200
    answer = await add(client, headers, products[100])
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_full")


def test_products_in_carts_are_listed_for_a_rebuild(db):
    product_id = make_product(db)
    db.run_here(service.add_product, customer_id=uuid7(), product_id=product_id, quantity=1)
    assert db.run_here(service.list_products_in_carts) == [product_id]
