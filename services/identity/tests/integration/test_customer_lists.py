"""Lists of customers: any question against an oracle, the order of what is unknown, and what a search costs."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

pytestmark = pytest.mark.integration

PATH = "/api/admin/customers/"


async def test_who_never_signed_in_comes_last_either_way(client, admin, make_account, sign_in):
    for name in ("early", "late", "never"):
        make_account(f"{name}@example.com")
    for name in ("early", "late"):
        await sign_in(f"{name}@example.com")

    async def first_two(ordering):
        answer = await client.get(f"{PATH}?ordering={ordering}", headers=admin.headers)
        return [customer["email"] for customer in answer.json()["results"]][:2]

    assert await first_two("last_login") == ["early@example.com", "late@example.com"]
    assert await first_two("-last_login") == ["late@example.com", "early@example.com"]


async def test_a_search_can_use_its_index(client, admin, own, db):
    sent = []

    def note(_connection, cursor, statement, parameters, *_):
        sent.append(cursor.mogrify(statement, parameters).decode())

    event.listen(own.db.engine, "before_cursor_execute", note)
    await client.get(f"{PATH}?search=lovelace", headers=admin.headers)

    def plan_of(session, query):
        session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        return " ".join(session.connection().exec_driver_sql(f"EXPLAIN {query}".replace("%", "%%")).scalars())

    searches = [query for query in sent if "lovelace" in query]
    assert searches
    for query in searches:
        assert "ix_accounts_search" in db.run_here(plan_of, query)


START = datetime(2026, 3, 1, tzinfo=UTC)
# address, first name, last name, role, active, days after the start of the last sign-in
ROWS = [
    ("ada@example.com", "Ada", "Lovelace", "customer", True, 5),
    ("grace_h@example.com", "Grace", "Hopper", "staff", True, None),
    ("BEA@example.org", "Bea", "O'Neil 100%", "customer", False, 1),
    ("carl@example.com", "Carl", "Ada", "customer", True, 5),
    ("dora@example.com", "Dora", "Hopper", "admin", True, None),
]
ORDERINGS = ("created_at", "email", "first_name", "last_name", "last_login")
filters = st.fixed_dictionaries(
    {},
    optional={
        "search": st.lists(st.text("aAdHogrEbc.@%_'\\", min_size=1, max_size=3), max_size=2).map(" ".join)
        | st.sampled_from(["hopper", "ada", "grace hopper", "example.org", "ADA lovelace"]),
        "role": st.sampled_from(["customer", "staff", "admin"]),
        "is_active": st.sampled_from(["true", "false"]),
        "ordering": st.sampled_from([*ORDERINGS, *(f"-{name}" for name in ORDERINGS)]),
    },
)


@pytest.fixture
def people(db, make_account, admin):
    """The admin who asks, and accounts as the rows say, in the order in which they were made."""
    signed_in = text("UPDATE accounts SET last_login = :at WHERE id = :id")
    found = [
        SimpleNamespace(
            number=0,
            email="root@example.com",
            first_name="Ada",
            last_name="Byron",
            role="admin",
            is_active=True,
            last_login=None,
        )
    ]
    for email, first, last, role, active, days in ROWS:
        account = make_account(email, first_name=first, last_name=last, role=role, is_active=active)
        at = None if days is None else START + timedelta(days=days)
        db.run_here(lambda session, row={"id": account.id, "at": at}: session.connection().execute(signed_in, row))
        found.append(
            SimpleNamespace(
                number=len(found),
                email=account.email,
                first_name=first,
                last_name=last,
                role=role,
                is_active=active,
                last_login=at,
            )
        )
    return found


def expected_by_oracle(people, asked):
    """The same question answered in plain Python."""
    keep = {
        "search": lambda one, value: all(
            word.lower() in f"{one.email} {one.first_name} {one.last_name}".lower() for word in value.split()
        ),
        "role": lambda one, value: one.role == value,
        "is_active": lambda one, value: one.is_active == (value == "true"),
    }
    key_of = {
        "created_at": lambda one: one.number,
        "email": lambda one: one.email.lower(),
        "first_name": lambda one: one.first_name,
        "last_name": lambda one: one.last_name,
        "last_login": lambda one: one.last_login or START,
    }
    ordering = asked.get("ordering", "-created_at")
    key = key_of[ordering.removeprefix("-")]
    found = [one for one in people if all(keep[name](one, asked[name]) for name in asked if name != "ordering")]
    found.sort(key=lambda one: (key(one), one.number), reverse=ordering.startswith("-"))
    if ordering.endswith("last_login"):
        found.sort(key=lambda one: one.last_login is None)  # who never signed in comes last either way
    return [one.email for one in found]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=filters, size=st.integers(1, len(ROWS) + 2))
async def test_any_filters_and_pages_agree_with_plain_python(client, admin, people, asked, size):
    async def page_of(number):
        return await client.get(PATH, params={**asked, "page_size": size, "page": number}, headers=admin.headers)

    expected = expected_by_oracle(people, asked)
    pages = max(1, -(-len(expected) // size))
    for number in range(1, pages + 1):
        page = (await page_of(number)).json()
        assert page["count"] == len(expected)
        assert [one["email"] for one in page["results"]] == expected[(number - 1) * size : number * size]
    assert (await page_of(pages + 1)).status_code == 404
