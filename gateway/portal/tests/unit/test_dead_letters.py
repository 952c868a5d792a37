"""The portal over services that keep their letters in a list."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shopsite_common.dead_letters.errors import LetterUnderWay
from shopsite_common.dead_letters.schemas import DeadLetterOut
from shopsite_common.errors import NotFound
from shopsite_common.ids import uuid7
from shopsite_common.pagination import Page
from shopsite_common.problems import problem_body
from shopsite_common.settings import SERVICES
from shopsite_common.testing.costs import lists_of
from shopsite_common.tokens import KeySet
from shopsite_portal.main import create

URL = "/api/admin/dead-letters/"
START = datetime(2026, 11, 24, tzinfo=UTC)


class Keepers:
    """Six services by host, with the same answers as `shopsite_common.dead_letters.api` gives."""

    def __init__(self):
        self.letters = {name: [] for name in SERVICES}
        self.down = set()
        self.asked = []

    def add(self, service, *, minutes=0, queue=None, **changes):
        row = {
            "id": uuid7(),
            "queue": queue or f"{service}.on_order_paid",
            "event": "orders.OrderPaid.v1",
            "event_id": uuid7(),
            "reason": "LookupError: x",
            "attempts": 5,
            "status": "waiting",
            "payload": {},
            "trace_id": "",
            "died_at": START + timedelta(minutes=minutes),
        }
        letter = DeadLetterOut(**{**row, **changes})
        self.letters[service].append(letter)
        return str(letter.id)

    def __call__(self, request):
        self.asked.append(request)
        name = request.url.host
        if name in self.down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path.removeprefix("/api/admin/dead-letters")
        if path == "/":
            return self._list(name, request.url.params)
        if path == "/replay/":
            return httpx.Response(202, json={"letters": len(self.letters[name])})
        return self._one(name, request.method, re.match(r"/([^/]+)/", path).group(1))

    def _list(self, name, params):
        page, size = int(params["page"]), int(params["page_size"])
        found = [letter for letter in self.letters[name] if letter.queue == params.get("queue", letter.queue)]
        found.sort(key=lambda letter: letter.died_at, reverse=True)
        shown = found[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return problem(NotFound())
        body = Page[DeadLetterOut](count=len(found), next=None, previous=None, results=shown)
        return httpx.Response(200, content=body.model_dump_json())

    def _one(self, name, method, letter_id):
        letter = next((letter for letter in self.letters[name] if str(letter.id) == letter_id), None)
        if letter is None:
            return problem(NotFound())
        if method == "DELETE":
            if letter.status == "replaying":
                return problem(LetterUnderWay())
            self.letters[name].remove(letter)
            return httpx.Response(204)
        return httpx.Response(202 if method == "POST" else 200, content=letter.model_dump_json())


def problem(error):
    return httpx.Response(error.status, json=problem_body(error.status, error.code, error.message))


@pytest.fixture
def keepers():
    return Keepers()


@pytest.fixture
async def portal(keepers, settings, tokens):
    app = create(settings, http=httpx.AsyncClient(transport=httpx.MockTransport(keepers)))
    app.state.resources.keys = KeySet(tokens.key_set)
    headers = tokens.headers(role="admin")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop", headers=headers) as client:
        yield client


async def test_the_letters_of_all_services_are_one_list_newest_first(portal, keepers):
    ids = [keepers.add(name, minutes=number) for number, name in enumerate(SERVICES * 4)]
    first = (await portal.get(URL, params={"page_size": 10})).json()
    second = (await portal.get(first["next"])).json()
    third = (await portal.get(second["next"])).json()
    assert (first["count"], third["next"]) == (24, None)
    seen = [letter["id"] for page in (first, second, third) for letter in page["results"]]
    assert seen == ids[::-1]
    assert (await portal.get(URL, params={"page": 4, "page_size": 10})).status_code == 404


async def test_pages_past_the_first_hundred_letters_of_one_service_are_shown(portal, keepers):
    ids = [keepers.add("orders", minutes=number) for number in range(230)]
    page = (await portal.get(URL, params={"page": 3, "page_size": 100})).json()
    assert [letter["id"] for letter in page["results"]] == ids[29::-1]


async def test_an_empty_shop_has_an_empty_first_page(portal):
    assert (await portal.get(URL)).json() == {"count": 0, "next": None, "previous": None, "results": []}


async def test_a_service_that_is_away_is_no_list_without_its_letters(portal, keepers):
    keepers.add("orders")
    keepers.down.add("cart")
    answer = await portal.get(URL)
    assert (answer.status_code, answer.json()["details"]) == (503, {"service": "cart"})
    of_one_queue = await portal.get(URL, params={"queue": "orders.on_order_paid"})
    assert of_one_queue.json()["count"] == 1


async def test_a_filter_by_queue_asks_its_service_alone(portal, keepers):
    keepers.add("orders")
    keepers.add("orders", queue="orders.on_other")
    answer = (await portal.get(URL, params={"queue": "orders.on_other"})).json()
    assert answer["count"] == 1
    assert {request.url.host for request in keepers.asked} == {"orders"}
    assert (await portal.get(URL, params={"queue": "shipping.on_x"})).status_code == 400


async def test_one_letter_is_shown_replayed_and_dropped_where_it_lies(portal, keepers):
    letter_id = keepers.add("payments")
    assert (await portal.get(f"{URL}{letter_id}/")).json()["id"] == letter_id
    assert (await portal.post(f"{URL}{letter_id}/replay/")).status_code == 202
    assert (await portal.delete(f"{URL}{letter_id}/")).status_code == 204
    gone = await portal.delete(f"{URL}{letter_id}/")
    assert (gone.status_code, gone.json()["code"]) == (404, "dead_letter_not_found")


async def test_a_letter_under_way_is_not_dropped(portal, keepers):
    answer = await portal.delete(f"{URL}{keepers.add('cart', status='replaying')}/")
    assert (answer.status_code, answer.json()["code"]) == (409, "dead_letter_under_way")


async def test_a_letter_that_nobody_has_may_be_with_the_one_that_is_away(portal, keepers):
    letter_id = keepers.add("payments")
    keepers.down.add("cart")
    assert (await portal.get(f"{URL}{letter_id}/")).status_code == 200
    keepers.down.add("payments")
    assert (await portal.get(f"{URL}{letter_id}/")).status_code == 503


async def test_all_are_replayed_everywhere_or_those_of_one_queue(portal, keepers):
    for name in ("orders", "orders", "cart"):
        keepers.add(name)
    assert (await portal.post(f"{URL}replay/")).json() == {"letters": 3}
    answer = await portal.post(f"{URL}replay/", json={"queue": "orders.on_order_paid"})
    assert (answer.status_code, answer.json()) == (202, {"letters": 2})
    keepers.down.add("catalog")
    assert (await portal.post(f"{URL}replay/")).status_code == 503


async def test_the_services_see_the_admins_own_token(portal, keepers):
    await portal.get(URL)
    tokens = {request.headers["authorization"] for request in keepers.asked}
    assert tokens == {portal.headers["authorization"]}


@pytest.mark.parametrize("role", [None, "customer", "staff"])
async def test_nobody_but_an_admin_gets_in(portal, keepers, tokens, role):
    portal.headers.pop("authorization")
    headers = tokens.headers(role=role) if role else {}
    for method, path in (("GET", ""), ("POST", "replay/"), ("DELETE", f"{uuid7()}/"), ("POST", f"{uuid7()}/replay/")):
        answer = await portal.request(method, f"{URL}{path}", headers=headers)
        assert answer.status_code == (403 if role else 401)
    assert keepers.asked == []


async def test_a_service_that_refuses_a_token_that_has_just_ended_is_401(portal, keepers, monkeypatch):
    monkeypatch.setattr(keepers, "_list", lambda *_: httpx.Response(401, json={}))
    assert (await portal.get(URL)).status_code == 401
    monkeypatch.setattr(keepers, "_list", lambda *_: httpx.Response(429, json={}))
    assert (await portal.get(URL)).status_code == 503


def test_no_other_list_is_the_portals_own(make_app):
    # the services' own test_costs.py measure their lists, and orders' that of dead letters as each service answers it
    assert lists_of(make_app()) == ["/api/admin/dead-letters/"]
