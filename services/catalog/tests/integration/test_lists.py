from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shopsite_catalog.domain.listing import read_query
from shopsite_catalog.service import products
from shopsite_common.errors import NotFound

pytestmark = pytest.mark.integration

ROWS = [
    {
        "name": "Linen shirt",
        "description": "Light 100% linen for hot days",
        "price": "18500.00",
        "category": "Fashion",
        "tags": ["linen", "summer"],
        "stock": 4,
        "is_featured": True,
    },
    {
        "name": "Linen trousers",
        "description": "Goes with the shirt",
        "price": "21000.00",
        "category": "Fashion",
        "tags": ["linen", "office"],
        "stock": 0,
        "is_featured": False,
    },
    {
        "name": "Desk lamp",
        "description": "Warm light_source with a dimmer",
        "price": "9500.50",
        "category": "Home & Kitchen",
        "tags": ["office", "light"],
        "stock": 12,
        "is_featured": False,
    },
    {
        "name": "Frying pan",
        "description": "A heavy base; back\\slash",
        "price": "9500.50",
        "category": "Home & Kitchen",
        "tags": [],
        "stock": 1,
        "is_featured": True,
    },
    {
        "name": "Gift card",
        "description": "",
        "price": "1000.00",
        "category": None,
        "tags": ["summer"],
        "stock": 500,
        "is_featured": False,
    },
]


@pytest.fixture
def shelf(make_product):
    return [make_product(**row) for row in ROWS]


async def names(client, query):
    answer = await client.get(f"/api/products/?{query}")
    assert answer.status_code == 200, answer.text
    return [entry["name"] for entry in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Gift card", "Frying pan", "Desk lamp", "Linen trousers", "Linen shirt"]),
        ("category=Fashion", ["Linen trousers", "Linen shirt"]),
        ("category=fASHION", ["Linen trousers", "Linen shirt"]),
        ("category=home-kitchen", ["Frying pan", "Desk lamp"]),
        ("category=Home%20%26%20Kitchen&is_featured=true", ["Frying pan"]),
        ("category=Nothing", []),
        ("price=9500.50", ["Frying pan", "Desk lamp"]),
        ("price=9500.500", ["Frying pan", "Desk lamp"]),
        ("price__gt=9500.50&price__lt=21000", ["Linen shirt"]),
        ("price__gte=18500&price__lte=21000&ordering=price", ["Linen shirt", "Linen trousers"]),
        ("price=1&price=1000", ["Gift card"]),
        ("tags=linen", ["Linen trousers", "Linen shirt"]),
        ("tags=linen&tags=summer", ["Linen shirt"]),
        ("tags=lin", []),
        ("tags__icontains=LIN", ["Linen trousers", "Linen shirt"]),
        ("tags__icontains=n%0As", []),
        ("description__icontains=LIGHT", ["Desk lamp", "Linen shirt"]),
        ("description__icontains=100%25", ["Linen shirt"]),
        ("description__icontains=%25", ["Linen shirt"]),
        ("description__icontains=light_", ["Desk lamp"]),
        ("description__icontains=k%5Cs", ["Frying pan"]),
        ("is_featured=false&is_in_stock=1", ["Gift card", "Desk lamp"]),
        ("is_in_stock=False", ["Linen trousers"]),
        ("search=linen%20shirt", ["Linen shirt", "Linen trousers"]),
        ("search=shirts%20-trousers", ["Linen shirt"]),
        ("search=light", ["Desk lamp", "Linen shirt"]),
        ("search=%22hot%20days%22", ["Linen shirt"]),
        ("search=the", []),
        ("search=light&ordering=name", ["Desk lamp", "Linen shirt"]),
        ("ordering=-name&page_size=2", ["Linen trousers", "Linen shirt"]),
        ("ordering=name&page_size=2&page=3", ["Linen trousers"]),
        (
            "search=&category=&tags=&nonsense=1",
            ["Gift card", "Frying pan", "Desk lamp", "Linen trousers", "Linen shirt"],
        ),
    ],
)
async def test_filters_search_and_order(client, shelf, query, expected):
    assert await names(client, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "price=cheap",
        "price=",
        "price__gt=NaN",
        "price__lt=1e3",
        "price__gte=Infinity",
        "price__lte=1_0",
        "is_featured=maybe",
        "is_in_stock=",
        "ordering=stock",
        "ordering=price,name",
        "page_size=0",
        "page_size=101",
        "page_size=x",
        f"search={'x' * 201}",
        "tags=%00",
        "search=%00",
    ],
)
async def test_what_cannot_be_read_is_refused_by_name(client, query):
    answer = await client.get(f"/api/products/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["details"]) == [query.split("=")[0]]


@pytest.mark.parametrize("page", ["0", "-1", "x", "3", "", "99999999999999999999", "%D9%A1"])
async def test_a_page_that_is_not_there_is_not_found(client, shelf, page):
    assert (await client.get(f"/api/products/?page_size=3&page={page}")).status_code == 404


async def test_an_empty_list_has_a_first_page(client):
    assert (await client.get("/api/products/")).json() == {"count": 0, "next": None, "previous": None, "results": []}


async def test_links_lead_through_all_pages_and_back_on_the_clients_origin(client, shelf):
    first = (await client.get("/api/products/?page_size=2&tags=&ordering=name&utm=x")).json()
    second = (await client.get(first["next"])).json()
    third = (await client.get(second["next"])).json()

    assert first["next"] == "http://shop.example.com/api/products/?ordering=name&page_size=2&page=2"
    assert second["previous"] == "http://shop.example.com/api/products/?ordering=name&page_size=2"
    assert third["next"] is None
    seen = [entry["name"] for page in (first, second, third) for entry in page["results"]]
    assert seen == sorted(row["name"] for row in ROWS)


amounts = st.decimals(min_value=0, max_value=25000, places=2).map(str) | st.sampled_from(
    ["9500.50", "1000", "18500.00"]
)
ORDERINGS = ("price", "name", "created_at", "rating_average")
queries = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(["Fashion", "home-kitchen", "HOME & KITCHEN", "none"]),
        "price": amounts,
        "price__gt": amounts,
        "price__lt": amounts,
        "price__gte": amounts,
        "price__lte": amounts,
        "tags": st.lists(st.sampled_from(["linen", "summer", "office", "light", "lin"]), max_size=3),
        "tags__icontains": st.text("linecofsumthg", min_size=1, max_size=3),
        "description__icontains": st.text("LIGHTinhs%_\\0", min_size=1, max_size=2),
        "is_featured": st.sampled_from(["true", "False"]),
        "is_in_stock": st.sampled_from(["1", "0"]),
        "ordering": st.sampled_from([*ORDERINGS, *(f"-{name}" for name in ORDERINGS)]),
    },
)
RATINGS = {"Linen shirt": Decimal("4.50"), "Desk lamp": Decimal("3.00"), "Gift card": Decimal("4.50")}


def expected_by_oracle(query):
    """The same question answered in plain Python over the same rows."""
    compare = {
        "price": lambda row, value: Decimal(row["price"]) == Decimal(value),
        "price__gt": lambda row, value: Decimal(row["price"]) > Decimal(value),
        "price__lt": lambda row, value: Decimal(row["price"]) < Decimal(value),
        "price__gte": lambda row, value: Decimal(row["price"]) >= Decimal(value),
        "price__lte": lambda row, value: Decimal(row["price"]) <= Decimal(value),
        "category": lambda row, value: (
            (row["category"] or "").lower().replace(" & ", "-") == value.lower().replace(" & ", "-")
        ),
        "tags": lambda row, value: set(value) <= set(row["tags"]),
        "tags__icontains": lambda row, value: any(value.lower() in tag.lower() for tag in row["tags"]),
        "description__icontains": lambda row, value: value.lower() in row["description"].lower(),
        "is_featured": lambda row, value: row["is_featured"] == (value.lower() == "true"),
        "is_in_stock": lambda row, value: (row["stock"] > 0) == (value == "1"),
    }
    key_of = {
        "price": lambda row: Decimal(row["price"]),
        "name": lambda row: row["name"],
        "created_at": lambda _row: 0,  # they were made in this order
        "rating_average": lambda row: RATINGS.get(row["name"], 0),
    }
    rows = [
        (number, row)
        for number, row in enumerate(ROWS)
        if all(compare[name](row, value) for name, value in query.items() if name != "ordering")
    ]
    ordering = query.get("ordering", "-created_at")
    key = key_of[ordering.removeprefix("-")]
    rows.sort(key=lambda pair: (key(pair[1]), pair[0]), reverse=ordering.startswith("-"))
    return [row["name"] for _, row in rows]


@pytest.fixture
def rated_shelf(db, shelf):
    """The shelf with ratings, two of them alike."""
    statement = text("UPDATE products SET rating_average = :rating WHERE name = :name")
    rows = [{"name": name, "rating": rating} for name, rating in RATINGS.items()]
    db.run_here(lambda session: session.connection().execute(statement, rows))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries, size=st.integers(1, len(ROWS) + 1))
def test_any_filters_and_pages_agree_with_plain_python(db, rated_shelf, query, size):
    def page_of(number):
        pairs = [*parse_qsl(urlencode(query, doseq=True)), ("page_size", str(size)), ("page", str(number))]
        return db.run_here(products.list_products, query=read_query(pairs), currency="NGN")

    expected = expected_by_oracle(query)
    pages = max(1, -(-len(expected) // size))
    for number in range(1, pages + 1):
        count, found = page_of(number)
        assert count == len(expected)
        assert [entry["name"] for entry in found] == expected[(number - 1) * size : number * size]
    with pytest.raises(NotFound):
        page_of(pages + 1)
