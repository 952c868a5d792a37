"""``Idempotency-Key`` on a real database: one run, one answer."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text

from shopsite_common import idempotency, problems
from shopsite_common.auth import current_user
from shopsite_common.db import DatabaseDown
from shopsite_common.errors import Conflict, Unavailable
from shopsite_common.idempotency import Idempotent
from shopsite_common.ids import uuid7
from shopsite_common.schemas import ResponseBody
from shopsite_common.testing.polling import eventually
from shopsite_common.tokens import Principal

pytestmark = pytest.mark.integration


class Made(ResponseBody):
    number: int


class Shop:
    """An application whose one route counts its runs and ends each as the test says."""

    def __init__(self, db):
        self.runs = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.customer_id = uuid7()
        self.app = FastAPI()
        settings = type("Settings", (), {"idempotency_hours": 24})
        self.app.state.resources = type("Resources", (), {"db": db, "settings": settings})
        self.app.dependency_overrides[current_user] = self.who
        self.app.post("/api/make/")(self.make)
        problems.install(self.app)

    async def who(self) -> Principal:
        return Principal(self.customer_id, "customer", "", "", 1, 0, "")

    async def make(self, once: Idempotent) -> Response:
        async def operation() -> Made:
            self.runs += 1
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            return Made(number=self.runs)

        return await once.run(operation, status=201)


@pytest.fixture
def shop(db):
    return Shop(db)


@pytest.fixture
async def post(shop):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(shop.app), base_url="http://shop") as client:

        async def send(key=None, content=b'{"a": 1, "b": 2}'):
            return await client.post("/api/make/", content=content, headers={"Idempotency-Key": key} if key else {})

        yield send


async def test_the_first_answer_is_given_again_and_says_so(post, shop):
    first = await post("k")
    again = await post('"k"', b'{"b":2,"a":1}')
    assert (first.status_code, first.json()) == (201, {"number": 1})
    assert (again.status_code, again.json()) == (201, {"number": 1})
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert shop.runs == 1


async def test_without_a_key_each_request_runs(post, shop):
    await post()
    await post()
    assert shop.runs == 2


async def test_a_key_belongs_to_one_request_and_one_customer(post, shop):
    await post("k")
    other = await post("k", b'{"a": 2}')
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    shop.customer_id = uuid7()
    assert (await post("k", b'{"a": 2}')).json() == {"number": 2}


async def test_a_conflict_is_kept_and_anything_else_may_be_tried_anew(post, shop):
    shop.error = Unavailable()
    assert (await post("k")).status_code == 503
    shop.error = Conflict("Not now.")
    assert (await post("k")).status_code == 409
    shop.error = None
    again = await post("k")
    assert (again.status_code, again.json()["error"]) == (409, "Not now.")
    assert again.headers["content-type"] == "application/problem+json"
    assert shop.runs == 2


async def test_while_the_first_runs_the_second_is_refused(post, shop):
    shop.gate.clear()
    first = asyncio.create_task(post("k"))
    await eventually(lambda: shop.runs)
    second = await post("k")
    assert (second.status_code, second.json()["code"]) == (409, "request_still_running")
    shop.gate.set()
    assert (await first).status_code == 201
    assert shop.runs == 1


async def test_a_key_whose_run_died_is_free_again_after_a_minute(post, shop, db):
    values = {"customer_id": shop.customer_id, "key": "k", "fingerprint": b"", "keep": timedelta(hours=24)}
    db.run_here(idempotency.claim, **values)
    assert (await post("k")).status_code == 422
    age = text("UPDATE idempotency_keys SET claimed_at = claimed_at - interval '61 s'")
    db.run_here(lambda session: session.connection().execute(age).rowcount)
    assert (await post("k")).status_code == 201


async def test_answers_end_after_their_time_and_with_their_customer(post, shop, db):
    await post("k")
    assert db.run_here(idempotency.delete_expired, keep=timedelta(hours=24)) == 0
    assert db.run_here(idempotency.delete_expired, keep=timedelta(0)) == 1
    await post("k")
    db.run_here(idempotency.forget_customer, customer_id=shop.customer_id)
    await post("k")
    assert shop.runs == 3


@pytest.mark.parametrize("key", ['""', '"', '"a', "x" * 256, f'"{"x" * 256}"'])
async def test_what_is_no_key_is_refused(post, shop, key):
    answer = await post(key)
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["idempotency_key"])
    assert shop.runs == 0


@pytest.mark.parametrize("key", ["x" * 255, f'"{"x" * 255}"', 'a "b"'])
async def test_a_key_may_be_long_or_odd(post, key):
    assert (await post(key)).status_code == 201
    assert (await post(key)).headers["idempotency-replayed"] == "true"


def test_the_document_tells_the_form_of_a_key(shop):
    parameters = shop.app.openapi()["paths"]["/api/make/"]["post"]["parameters"]
    told = next(parameter for parameter in parameters if parameter["name"] == "idempotency-key")
    assert told["schema"]["anyOf"][0]["maxLength"] == 257
    assert not told["required"]


async def test_an_answer_is_kept_though_the_database_goes_for_a_moment(post, shop, db, monkeypatch):
    down = iter([DatabaseDown(), DatabaseDown()])
    really_run = db.run

    async def run(use_case, **values):
        if use_case is idempotency.keep_answer and (error := next(down, None)) is not None:
            raise error
        return await really_run(use_case, **values)

    monkeypatch.setattr(db, "run", run)
    assert (await post("k")).status_code == 201
    again = await post("k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


async def test_the_client_gets_its_answer_though_it_cannot_be_kept(post, shop, db, monkeypatch):
    monkeypatch.setattr(idempotency, "_KEEP_TRIES_SECONDS", 0.1)
    really_run = db.run

    async def run(use_case, **values):
        if use_case is idempotency.keep_answer:
            raise DatabaseDown
        return await really_run(use_case, **values)

    monkeypatch.setattr(db, "run", run)
    assert (await post("k")).status_code == 201
    assert (await post("k")).json()["code"] == "request_still_running"


async def test_a_run_that_lost_its_key_to_a_newer_one_changes_nothing(db):
    who = {"customer_id": uuid7(), "key": "k"}
    asked = {**who, "fingerprint": b"x", "keep": timedelta(hours=24)}
    old = db.run_here(idempotency.claim, **asked)

    def age(session):
        session.connection().execute(text("UPDATE idempotency_keys SET claimed_at = now() - interval '46 seconds'"))

    db.run_here(age)
    new = db.run_here(idempotency.claim, **asked)
    assert new > old
    late, right = (idempotency.Answer(201, "application/json", body) for body in (b"late", b"right"))
    db.run_here(idempotency.keep_answer, **who, claimed_at=old, answer=late)
    db.run_here(idempotency.keep_answer, **who, claimed_at=old, answer=None)
    db.run_here(idempotency.keep_answer, **who, claimed_at=new, answer=right)
    assert db.run_here(idempotency.claim, **asked) == right
