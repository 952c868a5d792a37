"""Lists of customers: the order of what is unknown, and what a search costs."""

import pytest
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
