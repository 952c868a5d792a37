"""The contracts on paper are those of the code, and what was written down can still be read."""

from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from shopsite_common import contracts
from shopsite_common.events import CONTRACTS, UnknownEvent, decode
from shopsite_common.relay import envelope

FOLDER = Path(contracts.__file__).parents[2] / "contracts"
EXAMPLES = sorted(FOLDER.glob("*.example.json"))


def test_nobody_changed_a_contract_unseen():
    assert contracts.stale() == [], "python -m shopsite_common.contracts write, and look at the difference"


def test_every_contract_has_its_example():
    assert len(EXAMPLES) == len(CONTRACTS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_golden_event_is_read_and_keeps_its_schema(path):
    document = orjson.loads(path.read_bytes())
    event = decode(path.read_bytes())
    assert event.data.model_dump(mode="json") == document["data"]
    assert event.subject == event.data.subject
    schema = orjson.loads(path.with_name(path.name.replace(".example.", ".schema.")).read_bytes())
    Draft202012Validator(schema).validate(document["data"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_reader_ignores_what_it_does_not_know(path):
    document = orjson.loads(path.read_bytes())
    document["data"]["added_later"] = 1
    document["extension"] = "x"
    assert decode(orjson.dumps(document)).type == document["type"]


def test_the_relay_sends_what_the_golden_event_shows():
    class Row:
        event_id = "01a20d1f-8826-74ee-a8d3-a0aec5f2da44"
        type = "OrderCompleted.v1"
        subject = "01a20d1f-8826-74ee-a8d3-a0aec5f2da44"
        sequence = 1
        created_at = contracts._MOMENT
        traceparent = f"00-{'ab' * 16}-{'cd' * 8}-00"
        request_id = "golden"
        data = orjson.loads((FOLDER / "orders.OrderCompleted.v1.example.json").read_bytes())["data"]

    sent = orjson.loads(envelope("orders", Row, traceparent=Row.traceparent))
    assert sent == orjson.loads((FOLDER / "orders.OrderCompleted.v1.example.json").read_bytes())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "shopsite.orders.Nothing.v1"}', b"\xff"])
def test_what_is_no_event_is_named_so(body):
    with pytest.raises(UnknownEvent):
        decode(body)
