"""The unit of work on a real PostgreSQL: all or nothing, again where that is safe, refused in time."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from shopsite_common.db import Database, DatabaseDown, Patience, one_patience
from shopsite_common.errors import ValidationFailed
from shopsite_common.testing.polling import eventually

pytestmark = pytest.mark.integration


def write(session: Session, note: str) -> None:
    session.connection().execute(text("INSERT INTO effects (note) VALUES (:note)"), {"note": note})


def notes(session: Session) -> list[str]:
    return list(session.connection().execute(text("SELECT note FROM effects ORDER BY note")).scalars())


def lock(session: Session, note: str) -> None:
    session.connection().execute(text("UPDATE effects SET order_id = NULL WHERE note = :note"), {"note": note})


async def test_a_use_case_is_one_transaction(db):
    def fail(session: Session) -> None:
        write(session, "never")
        raise LookupError

    with pytest.raises(LookupError):
        await db.run(fail)
    await db.run(write, "kept")
    assert await db.run(notes) == ["kept"]


async def test_of_two_that_wait_for_each_other_the_loser_is_run_again(db):
    await db.run(write, "a")
    await db.run(write, "b")
    both = threading.Barrier(2)
    runs = []

    def take_both(session: Session, first: str, second: str) -> None:
        runs.append(first)
        lock(session, first)
        if len(runs) <= 2:
            both.wait(10)
        lock(session, second)

    await asyncio.gather(db.run(take_both, "a", "b"), db.run(take_both, "b", "a"))
    assert len(runs) == 3


async def test_who_finds_no_place_in_time_is_told_so_and_the_place_comes_back(database_url):
    database = Database(database_url, places=1, wait_seconds=0.1)
    go_on = threading.Event()
    holding = asyncio.create_task(database.run(lambda _session: go_on.wait(10)))
    await eventually(database._places.locked)
    with pytest.raises(DatabaseDown) as refused:
        await database.run(notes)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
    go_on.set()
    await holding
    assert await database.run(lambda _session: 1) == 1
    database.close()


async def test_use_cases_of_one_request_share_one_patience(db, monkeypatch):
    monkeypatch.setattr(Patience.__init__, "__defaults__", (1.0,))

    async def often(times: int) -> None:
        for _ in range(times):
            await db.run(lambda _session: time.sleep(0.4))

    await often(3)
    with one_patience(), pytest.raises(DatabaseDown):
        await often(3)
    with one_patience():
        await often(1)


async def test_who_gets_no_answer_in_time_is_told_so_and_the_work_keeps_its_place(database_url):
    database = Database(database_url, places=1, answer_seconds=0.1)
    go_on = threading.Event()
    with pytest.raises(DatabaseDown):
        await database.run(lambda _session: go_on.wait(10))
    assert database._places.locked()
    go_on.set()
    await eventually(lambda: not database._places.locked())
    database.close()


async def test_a_connection_lost_before_the_commit_is_no_ones_business(db, database_url):
    runs = []

    def lose_the_first(session: Session) -> None:
        runs.append(session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one())
        write(session, "once")
        if len(runs) == 1:
            killer = Database(database_url, places=1)
            killer.run_here(lambda other: other.connection().execute(text(f"SELECT pg_terminate_backend({runs[0]})")))
            killer.close()
        session.connection().execute(text("SELECT 1"))

    await db.run(lose_the_first)
    assert len(runs) == 2
    assert await db.run(notes) == ["once"]


async def test_a_server_that_is_not_there_is_503():
    database = Database("postgresql+psycopg2://a:b@127.0.0.1:1/x", places=1)
    with pytest.raises(DatabaseDown):
        await database.ping()
    database.close()


async def test_what_the_database_refuses_for_good_is_raised_as_it_is_and_once(db):
    runs = []

    def twice_the_same(session: Session) -> None:
        runs.append(1)
        insert = text("INSERT INTO event_sequences (subject, last) VALUES ('a', 1)")
        session.connection().execute(insert)
        session.connection().execute(insert)

    with pytest.raises(IntegrityError):
        await db.run(twice_the_same)
    assert len(runs) == 1


@pytest.mark.parametrize("wrong", ["a\x00b", "a\ud800b"], ids=["nul", "surrogate"])
async def test_text_that_cannot_be_stored_is_the_senders_mistake(db, wrong):
    with pytest.raises(ValidationFailed):
        await db.run(write, wrong)
