"""The collections for clients that `make docs` writes work: each signs in by itself and reads with the token it got."""

import json
import re

import pytest

from shopsite_local.layout import ROOT

pytestmark = pytest.mark.e2e

DOCUMENTS = ROOT / "docs" / "api"
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


def filled(text, values):
    return _VARIABLE.sub(lambda found: values[found[1]], text)


def is_sendable(text, values):
    """Tell whether every variable has a value by now."""
    return all(values.get(name) for name in _VARIABLE.findall(text))


@pytest.fixture
def values(shop):
    """What a person writes into a collection before the first call."""
    return {
        "base_url": shop.url("SHOPSITE_URL").rstrip("/"),
        "email": shop.url("SHOPSITE_ADMIN_EMAIL"),
        "password": shop.url("SHOPSITE_ADMIN_PASSWORD"),
    }


def in_postman():
    collection = json.loads((DOCUMENTS / "shopsite.postman_collection.json").read_text())
    assert collection["info"]["schema"].endswith("/v2.1.0/collection.json")
    for item in (item for folder in collection["item"] for item in folder["item"]):
        request = item["request"]
        headers = {each["key"]: each["value"] for each in request["header"]}
        if "auth" not in request:
            headers["Authorization"] = "Bearer {{access}}"
        script = "\n".join(item["event"][0]["script"]["exec"]) if "event" in item else ""
        keeps = re.findall(r'set\("(\w+)", answer((?:\?\.\[[^]]+\])+)\)', script)
        ways = {name: [json.loads(step) for step in re.findall(r"\[([^]]+)\]", way)] for name, way in keeps}
        yield request["method"], request["url"]["raw"], headers, request.get("body", {}).get("raw", ""), ways


def in_http_file():
    head, *parts = re.split(r"^### .*\n", (DOCUMENTS / "shopsite.http").read_text(), flags=re.MULTILINE)
    answers = re.findall(r"^@(\w+) = \{\{(\w+)\.response\.body\.\$(\S+)\}\}$", head, re.MULTILINE)
    for part in parts:
        top, _, body = part.partition("\n\n")
        name = re.search(r"# @name (\w+)", top)[1]
        line, *fields = [line for line in top.splitlines() if not line.startswith("#")]
        steps = {mine: re.findall(r"\.(\w+)|\[(\d)\]", way) for mine, call, way in answers if call == name}
        ways = {mine: [key or int(place) for key, place in found] for mine, found in steps.items()}
        yield *line.split(" ", 1), dict(field.split(": ", 1) for field in fields), body, ways


def found_at(way, answer):
    """Follow the way into an answer; nothing where a list is empty."""
    for step in way:
        if answer == []:
            return ""
        answer = answer[step]
    return answer


@pytest.mark.parametrize("collection", [in_postman, in_http_file])
async def test_a_collection_signs_in_and_reads_whatever_it_can(shop, values, new_product, collection):
    await new_product()
    answered = {}
    calls = list(collection())
    for method, url, headers, body, ways in sorted(calls, key=lambda call: call[1] != "{{base_url}}/api/token/"):
        told = [url, *headers.values(), body]
        signs_in = url.endswith("/api/token/")
        if (method != "GET" and not signs_in) or not all(is_sendable(text, values) for text in told):
            continue
        sent = {name: filled(value, values) for name, value in headers.items()}
        answer = await shop.request(method, filled(url, values), headers=sent, content=filled(body, values))
        assert answer.status_code == 200, f"{method} {url}: {answer.text}"
        answered[url.removeprefix("{{base_url}}")] = answer
        values |= {name: found_at(way, answer.json()) for name, way in ways.items()}
    assert values["access"]
    for path in ("/api/products/{{product_id}}/", "/api/cart/me/", "/api/orders/", "/api/admin/audit/"):
        assert path in answered


@pytest.mark.parametrize("collection", [in_postman, in_http_file])
def test_a_collection_has_every_endpoint_that_a_client_calls(collection):
    paths = json.loads((DOCUMENTS / "openapi.json").read_text())["paths"]
    left_out = {"/api/payment/webhook/", "/api/admin/session/"}
    wanted = {(method.upper(), path) for path, item in paths.items() for method in item if path not in left_out}
    found = {
        (method, re.sub(r"\{\{(\w+)\}\}", r"{\1}", url.removeprefix("{{base_url}}").partition("?")[0]))
        for method, url, *_ in collection()
    }
    assert found == wanted
