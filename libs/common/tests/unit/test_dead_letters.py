"""What is read from a dead message, and what of it may be shown."""

import orjson
import pytest

from shopsite_common import contracts
from shopsite_common.dead_letters import masking
from shopsite_common.dead_letters.letters import read_letter
from shopsite_common.events import CONTRACTS, CustomerRegistered, Preferences, decode
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import event_of

# Every text field of every event: whoever adds one says here, or in the contract, whether it tells of a person.
HARMLESS_TEXTS = {
    "action", "brought_by", "carrier", "channel", "currency", "error", "image_url", "kind", "name", "number",
    "object_id", "object_type", "paid_currency", "reason", "reference", "role", "status", "tracking_number",
}  # fmt: skip


def registered() -> bytes:
    data = CustomerRegistered(
        customer_id=uuid7(),
        email="ada@example.com",
        first_name="Ada",
        last_name="Obi",
        role="customer",
        is_active=True,
        preferences=Preferences(),
    )
    return event_of(data).model_dump_json().encode()


def with_data(body: bytes, **changes) -> bytes:
    document = orjson.loads(body)
    return orjson.dumps({**document, "data": {**document["data"], **changes}})


def test_every_text_of_every_event_is_known_to_be_personal_or_harmless():
    for contract in CONTRACTS.values():
        properties = contract.model_json_schema()["properties"]
        texts = {
            name
            for name, schema in properties.items()
            for kind in [schema, *schema.get("anyOf", [])]
            if kind.get("type") == "string" and "format" not in kind and "pattern" not in kind
        }
        assert texts - contract.personal <= HARMLESS_TEXTS, contract.__name__


def test_the_personal_fields_of_a_known_event_are_masked():
    shown = masking.masked(registered())["data"]
    assert (shown["email"], shown["first_name"], shown["last_name"]) == ("***", "***", "***")
    assert shown["role"] == "customer"


def test_a_field_that_the_contract_does_not_know_shows_no_text():
    shown = masking.masked(with_data(registered(), phone="+2348012345678", nested=[{"street": "1 Main St"}]))["data"]
    assert (shown["phone"], shown["nested"]) == ("***", [{"street": "***"}])


def test_an_address_is_masked_wherever_it_stands():
    body = next(
        content for name, content in contracts.documents().items() if name == "payments.PaymentFailed.v1.example.json"
    )
    shown = masking.masked(with_data(body, reason="declined for ada@example.com by the bank"))["data"]
    assert shown["reason"] == "declined for *** by the bank"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"no JSON of ada@example.com", None),
        (b"\xff\x00", None),
        (b'"ada"', "***"),
        (b'["ada", 7, true, null, 2348012345678]', ["***", 7, True, None, "***"]),
        (b'{"type": "ada obi", "data": {"ada@example.com": "x"}}', {"type": "***", "data": {"***": "***"}}),
        (
            b'{"type": "shopsite.orders.Unknown.v1", "data": {"order_id": "01a20d1f-8826-74ee-a8d3-a0aec5f2da44"}}',
            {"type": "shopsite.orders.Unknown.v1", "data": {"order_id": "01a20d1f-8826-74ee-a8d3-a0aec5f2da44"}},
        ),
    ],
)
def test_of_what_is_no_event_of_ours_no_text_is_shown_but_identifiers(body, shown):
    assert masking.masked(body) == shown


@pytest.mark.parametrize("name", [name for name in contracts.documents() if name.endswith(".example.json")])
def test_an_anonymised_event_can_still_be_decoded(name):
    body = contracts.documents()[name]
    before, after = decode(body), decode(masking.anonymised(body))
    assert (after.id, after.type, after.subject) == (before.id, before.type, before.subject)


def test_nothing_personal_is_left_in_an_anonymised_body():
    left = masking.anonymised(registered())
    assert not any(value in left for value in (b"ada@example.com", b"Ada", b"Obi"))


def test_a_reason_tells_its_first_line_without_the_persons_names_and_addresses():
    reason = "IntegrityError: Ada has ada@example.com twice\nDETAIL: Key (email)=(ada@example.com)\n[parameters: …]"
    letter = read_letter("notifications.on_customer_registered", registered(), {"shopsite-reason": reason})
    assert letter.reason == "IntegrityError: *** has *** twice"


def test_a_letter_tells_event_attempts_and_trace():
    body = with_data(registered())
    document = {**orjson.loads(body), "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00"}
    letter = read_letter(
        "cart.on_x", orjson.dumps(document), {"shopsite-reason": "LookupError: no", "shopsite-attempt": 5}
    )
    assert (letter.event, letter.attempts, letter.trace_id) == ("identity.CustomerRegistered.v1", 5, "ab" * 16)
    assert str(letter.event_id) == document["id"]


def test_a_rejected_letter_tells_why_it_cannot_be_decoded_and_quotes_no_value():
    body = with_data(registered(), customer_id="ada@example.com", role="owner of Obi's shop")
    letter = read_letter("cart.on_x", body, {"x-first-death-reason": "rejected"})
    assert letter.reason.startswith("it cannot be decoded: customer_id: Input should be a valid UUID")
    assert "ada@" not in letter.reason
    assert "Obi" not in letter.reason
    assert letter.attempts == 1


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"[]", b"null", b'{"type": 7, "id": {}, "traceparent": []}'])
def test_a_letter_is_read_whatever_it_is(body):
    letter = read_letter("cart.on_x", body, {"shopsite-attempt": "many", "shopsite-reason": b"\x00bytes"})
    assert (letter.event, letter.event_id, letter.attempts) == (None, None, 1)


def test_what_the_broker_gave_up_says_so():
    letter = read_letter("cart.on_x", registered(), {"x-first-death-reason": "delivery_limit"})
    assert letter.reason == "by the broker: delivery_limit"
