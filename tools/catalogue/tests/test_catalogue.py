"""What is written down is what the code says."""

import json

import jsonschema
import pytest
import yaml

from shopsite_catalogue.__main__ import DOCUMENTS, ROOT, main, stale, write
from shopsite_catalogue.asyncapi import document
from shopsite_catalogue.endpoints import merged
from shopsite_catalogue.events import contracts
from shopsite_common.contracts import documents as golden

# What AsyncAPI 3.0 asks of the parts that our document has.
REFERENCE = {
    "type": "object",
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
    "required": ["$ref"],
    "additionalProperties": False,
}
ASYNCAPI = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "channels": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["address", "messages"],
                "properties": {
                    "address": {"type": "string"},
                    "messages": {"type": "object", "minProperties": 1, "additionalProperties": REFERENCE},
                },
            },
        },
        "operations": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "messages": {"type": "array", "minItems": 1, "items": REFERENCE},
                },
            },
        },
        "components": {
            "type": "object",
            "required": ["messages"],
            "properties": {
                "messages": {
                    "type": "object",
                    "additionalProperties": {"type": "object", "required": ["contentType", "payload"]},
                }
            },
        },
    },
}


def test_the_committed_documents_say_what_the_code_says():
    assert stale() == [], "run `make docs` and commit what it writes"


def test_documents_that_are_missing_or_changed_are_stale(tmp_path):
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "docs" / "settings.md").write_text("something else")
    (tmp_path / "docs" / "api" / "events.md").unlink()
    assert stale(tmp_path) == ["docs/api/events.md", "docs/settings.md"]


def test_an_unknown_command_says_which_there_are():
    assert main(["read"]) == "usage: python -m shopsite_catalogue write|check"


def test_the_asyncapi_document_has_the_specifications_form():
    jsonschema.Draft202012Validator(ASYNCAPI).validate(document())


def test_what_has_another_form_is_refused():
    broken = {**document(), "operations": {"x": {"action": "shout", "channel": {"$ref": "#/channels/none"}}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(ASYNCAPI).validate(broken)


def references(node):
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references(child)


@pytest.mark.parametrize("make", [document, merged])
def test_every_reference_leads_somewhere(make):
    whole = make()
    for reference in references(whole):
        target = whole
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


@pytest.mark.parametrize("key", [key for key, _ in contracts()])
def test_the_golden_event_fits_its_message(key):
    name = key.replace("*", "any")
    whole = document()
    schema = {**whole["components"]["messages"][name]["payload"], "components": whole["components"]}
    jsonschema.Draft202012Validator(schema).validate(json.loads(golden()[f"{name}.example.json"]))


def test_the_yaml_is_the_document():
    assert yaml.safe_load(DOCUMENTS["docs/api/asyncapi.yaml"]()) == document()


def test_every_setting_has_a_meaning():
    lines = (ROOT / "docs" / "settings.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `") and line.endswith("|  |")] == []


def test_every_endpoint_says_what_it_does():
    lines = (ROOT / "docs" / "api" / "endpoints.md").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith(("| GET", "| POST", "| PUT", "| PATCH", "| DELETE"))]
    assert len(rows) == sum(len(entry) for entry in merged()["paths"].values())
    assert all(row[3] for row in rows)
