"""Five times as much as a process takes on: it says so at once, serves what it can, and is well again by itself."""

import asyncio
import collections
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.polling import eventually
from shopsite_common.testing.problems import problem_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CROWD = 500  # five times MAX_REQUESTS_UNDER_WAY
SECONDS = 60
PAGES = ("/api/cart/me/", "/api/orders/", "/api/products/?search=lamp")


@pytest.fixture
async def crowd(shop) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with connections enough for any load."""
    url, limits = shop.url("SHOPSITE_URL"), httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as found:
        yield found


async def test_who_is_too_much_is_told_at_once_while_nothing_moves(shop, crowd, buyer, observer):
    """The catalog stands still until five times the limit has been sent, and its database stands still longer."""
    sent: list[str] = []

    async def note(event: str, _info: dict[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            sent.append(event)

    async def ask() -> httpx.Response:
        return await crowd.get(f"/api/products/?search={secrets.token_hex(4)}", extensions={"trace": note})

    async with observer.writers_held("catalog.products", readers_too=True):
        await shop.ctl("pause", "catalog-api")
        try:
            asked = [asyncio.create_task(ask()) for _ in range(CROWD)]
            await eventually(lambda: len(sent) == CROWD, within=60)
        finally:
            await shop.ctl("resume", "catalog-api")
        told = [answer for answer in await first(asked, CROWD // 2) if answer.json()["code"] == "overloaded"]
        assert (await buyer.call("GET", "/api/orders/")).status_code == 200, "others go on"
    assert len(told) > CROWD // 4
    for answer in told:
        problem_of(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
    assert {answer.status_code for answer in await asyncio.gather(*asked)} <= {200, 503}
    await is_well_again(crowd, buyer)


async def first(tasks, count):
    """Wait for as many answers as that, whichever come first."""
    done = []
    for next_one in asyncio.as_completed(tasks):
        done.append(await next_one)
        if len(done) == count:
            break
    return done


@pytest.mark.skipif(not is_long_run(), reason="takes the whole machine for its time")
async def test_a_crowd_is_served_as_far_as_it_goes_and_then_all_is_well_again(crowd, buyer):
    found: collections.Counter[int] = collections.Counter()
    until = time.monotonic() + SECONDS

    async def ask_again_and_again(page: str) -> None:
        while time.monotonic() < until:
            answer = await crowd.get(page, headers=buyer.headers)
            found[answer.status_code] += 1
            if not answer.is_success:
                problem_of(answer, 503)
                assert int(answer.headers["Retry-After"]) > 0

    await asyncio.gather(*(ask_again_and_again(PAGES[number % len(PAGES)]) for number in range(CROWD)))
    assert set(found) <= {200, 503}
    assert found[200] > 0
    await is_well_again(crowd, buyer)


async def is_well_again(crowd, buyer) -> None:
    async def all_answer() -> bool:
        answers = await asyncio.gather(*(crowd.get(page, headers=buyer.headers) for page in PAGES for _ in range(10)))
        return {answer.status_code for answer in answers} == {200}

    await eventually(all_answer, within=30, every=1)
