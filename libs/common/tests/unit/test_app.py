"""What every application of ours does alike, on one that has three routes."""

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI
from pydantic import Field

from shopsite_common import openapi, problems
from shopsite_common.errors import Conflict
from shopsite_common.middleware import RequestMiddleware
from shopsite_common.rate_limit import Decision, Quota, too_many
from shopsite_common.schemas import RequestBody, ResponseBody, WholeNumber


class Thing(ResponseBody):
    number: int


class ThingIn(RequestBody):
    number: Annotated[WholeNumber, Field(le=1000, gt=-1000, examples=[{"le": 1}])]


@pytest.fixture
async def client():
    app = FastAPI(redirect_slashes=False)

    @app.get("/api/things/")
    async def show() -> Thing:
        return Thing(number=1)

    @app.get("/api/refused/")
    async def refuse() -> Thing:
        limit = Quota("sign-in", 30)
        raise too_many(Decision(allowed=False, quota=limit, retry_after=7))

    @app.post("/api/things/", responses=openapi.documented(Conflict))
    async def keep(body: ThingIn) -> Thing:
        if body.number < 0:
            raise Conflict("No.", details={"number": body.number})
        if body.number == 0:
            raise ZeroDivisionError
        return Thing(number=body.number)

    app.add_middleware(RequestMiddleware)
    problems.install(app)
    openapi.install(app)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.com") as found:
        found.app = app
        yield found


async def test_both_forms_of_a_path_are_served(client):
    assert (await client.get("/api/things")).json() == {"number": 1}
    assert (await client.get("/api/things/")).json() == {"number": 1}


async def test_a_405_names_every_method_of_the_path(client):
    answer = await client.delete("/api/things/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert answer.json()["code"] == "method_not_allowed"


async def test_a_path_that_stands_there_word_for_word_is_not_taken_for_a_parameter(client):
    @client.app.get("/api/things/{number}/")
    async def one(number: int) -> dict[str, int]:
        return {"number": number}

    @client.app.post("/api/things/again/")
    async def again() -> None:
        return None

    assert (await client.delete("/api/things/again/")).headers["Allow"] == "POST"
    assert (await client.delete("/api/things/7/")).headers["Allow"] == "GET, HEAD"


async def test_head_is_answered_where_get_is(client):
    assert (await client.head("/api/things/")).status_code == 200


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, {"number": ["This field is required."]}),
        ({"number": 1, "role": "admin"}, {"role": ["This field is not known or cannot be set."]}),
        ([], {"non_field_errors": ["A JSON object is required."]}),
    ],
)
async def test_each_field_gets_its_sentences(client, body, details):
    answer = await client.post("/api/things/", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == "Validation failed"
    assert answer.json()["details"] == details


@pytest.mark.parametrize("wrong", ["5", True, 5.5, None, 1e300, -1000, 1001], ids=str)
async def test_what_is_no_whole_number_in_range_is_refused(client, wrong):
    answer = await client.post("/api/things/", json={"number": wrong})
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["number"])


async def test_a_whole_number_may_be_written_with_a_point(client):
    content = b'{"number": 5.0}'
    answer = await client.post("/api/things/", content=content, headers={"Content-Type": "application/json"})
    assert answer.json() == {"number": 5}


async def test_the_document_tells_bounds_in_words_of_json_schema(client):
    schema = client.app.openapi()["components"]["schemas"]["ThingIn"]["properties"]["number"]
    assert schema == {
        "title": "Number",
        "type": "integer",
        "maximum": 1000,
        "exclusiveMinimum": -1000,
        "examples": [{"le": 1}],
    }


async def test_malformed_json_and_other_content(client):
    malformed = await client.post("/api/things/", content=b"{", headers={"Content-Type": "application/json"})
    assert malformed.json()["details"] == {"non_field_errors": ["The request body is not valid JSON."]}
    other = await client.post("/api/things/", content=b"a=1", headers={"Content-Type": "text/plain"})
    assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")


async def test_a_business_error_carries_its_details(client):
    answer = await client.post("/api/things/", json={"number": -1})
    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "conflict",
        "error": "No.",
        "details": {"number": -1},
    }


async def test_a_crash_tells_nothing(client):
    answer = await client.post("/api/things/", json={"number": 0})
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "ZeroDivision" not in answer.text
    assert answer.headers["x-request-id"]


async def test_a_clients_request_id_is_kept_if_it_is_one(client):
    kept = await client.get("/api/things/", headers={"X-Request-ID": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    replaced = await client.get("/api/things/", headers={"X-Request-ID": "a b"})
    assert len(replaced.headers["x-request-id"]) == 32
    parent = f"00-{'ab' * 16}-{'cd' * 8}-00"
    assert (await client.get("/api/things/", headers={"traceparent": parent})).headers["x-request-id"] == "ab" * 16


async def test_limits_found_by_the_gateway_go_out_with_the_answer(client):
    answer = await client.get("/api/things/", headers={"X-RateLimit-Limit": "1000", "RateLimit": '"customer";r=1;t=2'})
    assert answer.headers["x-ratelimit-limit"] == "1000"
    assert answer.headers["ratelimit"] == '"customer";r=1;t=2'


async def test_a_services_own_limit_speaks_for_itself(client):
    found = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "60", "RateLimit": '"anonymous";r=60;t=2'}
    answer = await client.get("/api/refused/", headers=found)
    assert answer.status_code == 429
    assert answer.headers["ratelimit"] == '"sign-in";r=0;t=0'
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("30", "0")


async def test_the_document_has_400_in_place_of_422_and_every_documented_error(client):
    responses = client.app.openapi()["paths"]["/api/things/"]["post"]["responses"]
    assert set(responses) == {"200", "400", "409", "413", "415", "503"}
    example = responses["409"]["content"]["application/problem+json"]["examples"]["conflict"]["value"]
    assert example["code"] == "conflict"
