"""Lists in pages, on an application with a list of 45."""

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI, Request

from shopsite_common import problems
from shopsite_common.pagination import Page, Paging, page_of


@pytest.fixture
async def client():
    app = FastAPI()
    app.state.resources = SimpleNamespace(settings=SimpleNamespace(public_url=""))
    app.state.count = 45

    @app.get("/api/numbers/")
    async def numbers(request: Request, paging: Paging) -> Page[int]:
        count = app.state.count
        paging.check(count)
        return page_of(request, paging, count, range(count)[paging.offset : paging.offset + paging.size])

    problems.install(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.example.com") as found:
        found.app = app
        yield found


async def test_pages_are_linked_with_all_that_was_asked(client):
    first = (await client.get("/api/numbers/?tag=a&tag=b&page_size=20")).json()
    assert (first["count"], first["previous"], len(first["results"])) == (45, None, 20)
    assert first["next"] == "http://shop.example.com/api/numbers/?tag=a&tag=b&page_size=20&page=2"
    second = (await client.get(first["next"])).json()
    assert second["results"] == list(range(20, 40))
    assert second["previous"] == "http://shop.example.com/api/numbers/?tag=a&tag=b&page_size=20"
    third = (await client.get(second["next"])).json()
    assert (third["results"], third["next"]) == (list(range(40, 45)), None)


async def test_links_are_on_the_origin_of_the_client_unless_the_shop_has_one(client):
    through = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.test"}
    assert (await client.get("/api/numbers/", headers=through)).json()[
        "next"
    ] == "https://shop.test/api/numbers/?page=2"
    client.app.state.resources.settings.public_url = "https://shop.example.org/"
    answer = await client.get("/api/numbers/", headers=through)
    assert answer.json()["next"] == "https://shop.example.org/api/numbers/?page=2"


@pytest.mark.parametrize("page", ["0", "-1", "+1", "x", "1.5", "1.0", "", "٣", "1_0", " 1", "9" * 30, "4"])
async def test_a_page_that_there_is_not_is_404(client, page):
    assert (await client.get("/api/numbers/", params={"page": page})).status_code == 404


@pytest.mark.parametrize("size", ["0", "101", "x", "-5", "", "1.0", "٣", "9" * 30])
async def test_a_page_size_out_of_range_is_400(client, size):
    answer = await client.get("/api/numbers/", params={"page_size": size})
    assert answer.status_code == 400
    assert answer.json()["details"] == {"page_size": ["Must be a whole number from 1 to 100."]}


async def test_the_first_page_of_an_empty_list_is_fine(client):
    client.app.state.count = 0
    answer = await client.get("/api/numbers/?page=1")
    assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}
    assert (await client.get("/api/numbers/?page=2")).status_code == 404


async def test_the_document_tells_whole_numbers_with_their_bounds(client):
    parameters = client.app.openapi()["paths"]["/api/numbers/"]["get"]["parameters"]
    told = {parameter["name"]: parameter["schema"] for parameter in parameters}
    for schema in told.values():
        del schema["title"]
    assert told == {
        "page": {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    }
