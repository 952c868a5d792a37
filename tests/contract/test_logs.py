"""Personal data and secrets go through every operation of the API, and none of them is in any log of any process."""

import asyncio
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from operations import Operation

from shopsite_common.testing.polling import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="module")]

_ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NO_END = {"sign_out"}  # would end the account that the other operations are called by


class Person:
    """Somebody whose every particular can be found again, and is nobody else's."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(6)
        digits = "".join(secrets.choice("123456789") for _ in range(8))
        self.phone = f"+23480{digits}"
        self.card = f"539983{digits}{_luhn(f'539983{digits}0')}"
        self.password, self.next_password = (secrets.token_urlsafe(12) for _ in range(2))
        self.email = f"who.{self.mark}@example.com"
        self.secrets = [self.mark, digits, self.card, self.password, self.next_password]

    def value_of(self, field: str) -> str:
        """Return something that fits a field's name, and tells of this person."""
        kinds = {"email": self.email, "phone": self.phone, "password": self.password, "card": self.card}
        return next((value for kind, value in kinds.items() if kind in field), f"{self.mark} {self.card} {self.phone}")

    def fields(self, schema: dict[str, Any], document: dict[str, Any]) -> dict[str, str]:
        """Return a body with each field of a schema; what is no text is refused, and refusals are logged, too."""
        if "$ref" in schema:
            return self.fields(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
        names = schema.get("properties", {"anything": {}})
        return {**{name: self.value_of(name) for name in names}, "card_number": self.card}


def _luhn(digits: str) -> int:
    doubled = [sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2]]
    return -(sum(map(int, digits[-1::-2])) + sum(doubled)) % 10


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(standing_shop):
    """A marked customer who signs in, rightly and wrongly, and has asked for a new password."""
    found = Person()
    about = {"first_name": f"Zoe{found.mark}", "last_name": f"Obi{found.mark}"}
    words = {"password": found.password, "confirm_password": found.password}
    request = standing_shop.request
    answer = await request("POST", "/api/signup/", json={"email": found.email, **about, **words}, patient=True)
    assert answer.status_code == 201, answer.text
    assert (await request("POST", "/api/signup/", json={"email": found.email, **about, **words})).status_code == 400
    wrong = {"email": found.email, "password": f"no{found.mark}"}
    assert (await request("POST", "/api/token/", json=wrong)).status_code == 401
    pair = (await request("POST", "/api/token/", json={**wrong, "password": found.password})).json()
    found.secrets += [pair["access"], pair["access"].rpartition(".")[2], pair["refresh"]]
    found.headers = {"Authorization": f"Bearer {pair['access']}"}
    await request("POST", "/api/password/forgot/", json={"email": found.email})
    found.link = await _reset_link(standing_shop, found.email)
    found.secrets += parse_qs(urlsplit(found.link).query)["token"]
    return found


async def _reset_link(shop, email):
    async def link():
        return re.findall(r"https?://\S+/reset-password\S+", await shop.latest_mail(email))

    [found, *_] = await eventually(link, within=60, every=0.3)
    return found


async def send_everything(shop, world, document, operations, person):
    """Call each operation with marked texts: whole, as another type, broken, in the query, by each kind of caller."""
    callers = ({}, person.headers, world.admin.headers)
    for operation in sorted(operations, key=lambda each: _ORDER.index(each.method)):
        if operation.id in _NO_END:
            continue
        url = world.url_of(operation)
        await asyncio.gather(*(_send(shop, url, document, operation, person, headers) for headers in callers))


async def _send(shop, url, document, operation, person, headers):
    query = {
        each["name"]: person.value_of(each["name"])
        for each in operation.details.get("parameters", [])
        if each["in"] == "query"
    }
    query |= {"token": person.secrets[-1], "email": person.email}
    marked = {**headers, "Cookie": f"shopsite_session={person.mark}", "X-CSRF-Token": person.mark}
    asked = {"params": query, "headers": marked}
    await shop.request(operation.method, url, **asked)
    for media_type, described in operation.media_types.items():
        if media_type == "application/json":
            body = person.fields(described["schema"], document)
            await shop.request(operation.method, url, json=body, **asked)
            broken = f'{{"email": "{person.email}", "password": "{person.password}", '
            told = {**asked, "headers": {**marked, "Content-Type": media_type}}
            await shop.request(operation.method, url, content=broken, **told)
        else:
            files = {"file": (f"{person.mark}.png", person.card.encode())}
            await shop.request(operation.method, url, files=files, **asked)


def found_in_logs(shop, wanted):
    """Return the lines of all processes' logs in which one of these texts stands."""
    pattern = re.compile("|".join(re.escape(text) for text in wanted))
    logs = sorted((Path(shop.url("SHOPSITE_RUNNER_DIR")) / "logs").glob("*.log"))
    assert {"traefik.log", "orders-api.log", "orders-worker.log", "postgres.log"} <= {log.name for log in logs}
    return [
        f"{log.name}: {line.strip()[:600]}"
        for log in logs
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if pattern.search(line)
    ]


async def test_no_log_tells_of_persons_or_secrets(standing_shop, world, document, operations: list[Operation], person):
    shop = standing_shop
    await send_everything(shop, world, document, operations, person)
    async with httpx.AsyncClient() as browser:
        await browser.get(person.link)
    new = {"new_password": person.next_password, "confirm_password": person.next_password}
    answer = await shop.request("POST", "/api/password/reset/", json={"token": person.secrets[-1], **new})
    assert answer.status_code == 204, answer.text
    ours = f"{secrets.token_hex(8)}-last"
    await shop.request("GET", "/api/products/", headers={"X-Request-ID": ours})

    async def written():
        return len(found_in_logs(shop, [ours])) > 1

    await eventually(written, within=30, every=0.5)
    assert found_in_logs(shop, person.secrets) == []
