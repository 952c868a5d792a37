from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shopsite_catalog.consumers import HANDLERS
from shopsite_catalog.repository import reservations
from shopsite_catalog.service import reviews
from shopsite_common.db import Database
from shopsite_common.events import AdminActed, CustomerDeleted, CustomerUpdated, Preferences
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, emitted, event_of
from shopsite_common.tokens import Principal

pytestmark = pytest.mark.integration


@pytest.fixture
def buy(db):
    def bought(customer, *products):
        db.run_here(reservations.add_purchases, order_id=uuid7(), customer_id=customer, product_ids=products)

    return bought


@pytest.fixture
def review(client, tokens, buy):
    async def write(product, customer=None, *, rating=5, comment="Fine", bought=True, **claims):
        customer = customer or uuid7()
        if bought:
            buy(customer, product)
        body = {"product": str(product), "rating": rating, "comment": comment}
        return await client.post("/api/reviews/", json=body, headers=tokens.headers(customer, **claims))

    return write


async def test_a_buyer_reviews_a_product_once(client, review, make_product):
    product, customer = make_product(), uuid7()
    await client.get(f"/api/products/{product}/")

    answers = [await review(product, customer, name="Ada"), await review(product, customer)]

    body = answers[0].json()
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "already_reviewed"
    assert {key: body[key] for key in ("product", "customer", "author", "rating", "comment", "is_approved")} == {
        "product": str(product),
        "customer": str(customer),
        "author": "Ada",
        "rating": 5,
        "comment": "Fine",
        "is_approved": True,
    }
    shown = (await client.get(f"/api/products/{product}/")).json()
    assert (shown["rating_average"], shown["review_count"]) == (5, 1)
    assert (await client.get(f"/api/products/{product}/reviews/")).json()["results"] == [body]


async def test_who_did_not_buy_or_knows_no_product_may_not_review(client, review, make_product, staff):
    product, other = make_product(), make_product()
    await client.delete(f"/api/products/{other}/", headers=staff)

    answers = [await review(product, bought=False), await review(uuid7()), await review(other)]

    assert [answer.status_code for answer in answers] == [403, 404, 404]
    assert answers[0].json()["code"] == "not_purchased"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": None}, "rating"),
        ({"comment": "x" * 5001}, "comment"),
        ({"product": "x"}, "product"),
        ({"is_approved": True}, "is_approved"),
        ({"customer": str(uuid7())}, "customer"),
        ({"author": "Somebody"}, "author"),
    ],
)
async def test_what_no_review_can_be_is_refused(client, tokens, make_product, buy, changes, field):
    product, customer = make_product(), uuid7()
    buy(customer, product)
    body = {"product": str(product), "rating": 5, "comment": "", **changes}

    answer = await client.post("/api/reviews/", json=body, headers=tokens.headers(customer))

    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


async def test_a_customer_sees_the_approved_and_their_own(client, review, make_product, staff, tokens, db):
    product, ada, bob = make_product(), uuid7(), uuid7()
    of_ada, of_bob = (await review(product, ada)).json(), (await review(product, bob, rating=2)).json()
    await client.patch(f"/api/reviews/{of_bob['id']}/", json={"is_approved": False}, headers=staff)

    async def seen(headers, query=""):
        listed = (await client.get(f"/api/reviews/{query}", headers=headers)).json()
        return [entry["id"] for entry in listed["results"]]

    as_ada, as_bob = tokens.headers(ada), tokens.headers(bob)
    assert await seen(as_ada) == [of_ada["id"]]
    assert await seen(as_bob) == [of_bob["id"], of_ada["id"]]
    assert await seen(staff) == [of_bob["id"], of_ada["id"]]
    assert await seen(staff, "?is_approved=false") == [of_bob["id"]]
    assert await seen(staff, f"?customer={ada}&product={product}&rating=5") == [of_ada["id"]]
    assert await seen(as_ada, f"?customer={bob}") == []
    assert await seen(staff, f"?product={uuid7()}") == []
    for query in ("?rating=9", "?rating=x", "?customer=x", "?product=x", "?is_approved=x"):
        assert (await client.get(f"/api/reviews/{query}", headers=staff)).status_code == 400
    hidden = f"/api/reviews/{of_bob['id']}/"
    statuses = [(await client.get(hidden, headers=each)).status_code for each in (as_ada, as_bob, staff)]
    assert statuses == [404, 200, 200]
    assert (await client.get("/api/reviews/")).status_code == 401
    shown = (await client.get(f"/api/products/{product}/")).json()
    assert (shown["rating_average"], shown["review_count"]) == (5, 1)
    assert (await client.get(f"/api/products/{product}/reviews/")).json()["count"] == 1


async def test_the_author_and_staff_change_a_review_nobody_else_does(
    client, review, make_product, staff, tokens, session
):
    product, ada = make_product(), uuid7()
    made = (await review(product, ada)).json()
    path = f"/api/reviews/{made['id']}/"
    own, other = tokens.headers(ada), tokens.headers()

    answers = [
        await client.patch(path, json={}, headers=own),
        await client.patch(path, json={"rating": 3}, headers=own),
        await client.put(path, json={"rating": 2, "comment": "Hm", "product": str(product)}, headers=own),
        await client.put(path, json={"comment": "Hm"}, headers=own),
        await client.patch(path, json={"product": str(uuid7())}, headers=own),
        await client.patch(path, json={"is_approved": False}, headers=own),
        await client.patch(path, json={"rating": 1}, headers=other),
        await client.delete(path, headers=other),
        await client.patch(path, json={"rating": 1}),
        await client.patch(path, json={"customer": str(uuid7())}, headers=staff),
        await client.patch(path, json={"comment": "Moderated"}, headers=staff),
    ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 200, 400, 400, 403, 404, 404, 401, 400, 200]
    assert answers[0].json() == made
    assert (await client.get(f"/api/products/{product}/")).json()["rating_average"] == 2
    acted = [event for event in emitted(session, "catalog") if isinstance(event, AdminActed)]
    assert [(event.action, event.changes) for event in acted] == [("review.update", {"comment": "changed"})]


async def test_an_edit_keeps_the_state_of_a_review(client, review, make_product, staff, tokens):
    ada = uuid7()
    made = (await review(make_product(), ada)).json()
    path = f"/api/reviews/{made['id']}/"
    await client.patch(path, json={"is_approved": False}, headers=staff)

    changed = await client.patch(path, json={"rating": 4}, headers=tokens.headers(ada))

    assert changed.json()["is_approved"] is False


async def test_a_deleted_review_counts_no_more(client, review, make_product, staff, tokens, session):
    product, ada = make_product(), uuid7()
    first = (await review(product, ada, rating=1)).json()
    second = (await review(product, rating=5)).json()

    answers = [
        await client.delete(f"/api/reviews/{first['id']}/", headers=tokens.headers(ada)),
        await client.delete(f"/api/reviews/{first['id']}/", headers=tokens.headers(ada)),
        await client.delete(f"/api/reviews/{second['id']}/", headers=staff),
    ]

    assert [answer.status_code for answer in answers] == [204, 404, 204]
    shown = (await client.get(f"/api/products/{product}/")).json()
    assert (shown["rating_average"], shown["review_count"]) == (0, 0)
    assert [event.action for event in emitted(session, "catalog") if isinstance(event, AdminActed)] == ["review.delete"]


async def test_reviews_wait_for_approval_where_the_shop_wants_it(own, review, make_product):
    own.settings.review_auto_approve = False

    assert (await review(make_product())).json()["is_approved"] is False


def test_the_average_is_exact_whoever_writes_at_the_same_time(make_product, settings, buy, db):
    product = make_product()
    authors = [
        Principal(id=uuid7(), role="customer", email="", name=f"A{n}", version=1, expires_at=0, token="")
        for n in range(60)
    ]
    for author in authors:
        buy(author.id, product)
    database = Database(settings.service_database_url, places=12)

    def write(numbered):
        number, author = numbered
        row = database.run_here(
            reviews.create_review, author=author, product_id=product, rating=number % 5 + 1, comment="", approved=True
        )
        if number % 3 == 0:
            database.run_here(reviews.delete_review, review_id=row.id, editor=author)
        elif number % 3 == 1:
            database.run_here(reviews.update_review, review_id=row.id, editor=author, changes={"rating": 1})

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(write, enumerate(authors)))
    database.close()

    statement = text("""
        SELECT p.review_count, p.rating_average, count(r.*) AS n, round(avg(r.rating), 2) AS average
        FROM products p JOIN reviews r ON r.product_id = p.id GROUP BY p.id
    """)
    row = db.run_here(lambda session: session.connection().execute(statement).one())
    assert (row.review_count, row.rating_average) == (row.n, row.average)
    assert row.n == 40


def renamed(customer_id, name):
    return CustomerUpdated(
        customer_id=customer_id,
        email="ada@example.com",
        first_name=name,
        last_name="Obi",
        role="customer",
        is_active=True,
        preferences=Preferences(),
    )


async def test_reviews_bear_the_newest_name_of_their_author(client, review, make_product, db):
    ada = uuid7()
    early = (await review(make_product(), ada, name="Ada")).json()

    deliver(db, HANDLERS, event_of(renamed(ada, "Adaeze"), sequence=3))
    deliver(db, HANDLERS, event_of(renamed(ada, "Adah"), sequence=2))
    late = (await review(make_product(), ada, name="Ada")).json()

    shown = (await client.get(f"/api/products/{early['product']}/reviews/")).json()["results"]
    assert [entry["author"] for entry in shown] == ["Adaeze"]
    assert late["author"] == "Adaeze", "the token may be older than the change"


async def test_no_name_comes_back_after_an_erasure(client, review, make_product, db, session):
    ada = uuid7()
    early = (await review(make_product(), ada, name="Ada")).json()
    deliver(db, HANDLERS, event_of(renamed(ada, "Adaeze"), sequence=2))
    deliver(db, HANDLERS, event_of(CustomerDeleted(customer_id=ada), sequence=4))
    deliver(db, HANDLERS, event_of(renamed(ada, "Adah"), sequence=3))

    shown = (await client.get(f"/api/products/{early['product']}/reviews/")).json()["results"]
    assert [entry["author"] for entry in shown] == ["Former customer"]
    assert session.connection().execute(text("SELECT count(*) FROM author_names")).scalar_one() == 0


async def test_reviews_of_an_erased_customer_lose_the_name_also_those_that_come_late(client, review, make_product, db):
    ada = uuid7()
    early = (await review(make_product(), ada, name="Ada")).json()

    deliver(db, HANDLERS, event_of(CustomerDeleted(customer_id=ada)))
    late = (await review(make_product(), ada, name="Ada")).json()

    shown = (await client.get(f"/api/products/{early['product']}/reviews/")).json()["results"]
    assert [entry["author"] for entry in shown] == ["Former customer"]
    assert late["author"] == "Former customer"
