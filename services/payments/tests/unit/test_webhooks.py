import hashlib
import hmac
import json

import pytest

from shopsite_payments.domain.webhooks import is_signed, read_notice, without_person

KEY = "sk_test_abc"
BODY = '{"event":"charge.success","data":{"id":302961,"reference":"ref-1","customer":{"first_name":"Zoë"}}}'.encode()


def signature(body=BODY, key=KEY):
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


def test_the_signature_of_these_very_bytes_counts():
    assert is_signed(BODY, signature(), key=KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "x" * 128,
        "ü" * 128,
        signature().upper(),
        signature(key="sk_test_other"),
        signature(json.dumps(json.loads(BODY)).encode()),
        signature(BODY + b" "),
        hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest(),
    ],
)
def test_any_other_signature_does_not(wrong):
    assert not is_signed(BODY, wrong, key=KEY)


def test_one_flipped_bit_breaks_the_signature():
    flipped = bytes([BODY[0] ^ 1]) + BODY[1:]
    assert not is_signed(flipped, signature(), key=KEY)


@pytest.mark.parametrize("document", [None, [], "text", 5, {}, {"event": ""}, {"event": 7}, {"data": {}}])
def test_what_is_no_event_has_no_gist(document):
    assert read_notice(document) is None


@pytest.mark.parametrize(
    ("data", "reference"),
    [
        ({"reference": "a"}, "a"),
        ({"transaction_reference": "b", "reference": "x"}, "b"),
        ({"transaction": {"reference": "c"}, "transaction_reference": None}, "c"),
        ({"transaction": 5}, ""),
        ([1], ""),
        (None, ""),
    ],
)
def test_the_reference_is_found_where_each_event_has_it(data, reference):
    assert read_notice({"event": "x", "data": data}).reference == reference


def test_a_repetition_has_the_same_key_and_another_event_has_not():
    charge = {"event": "charge.success", "data": {"id": 5, "reference": "a", "status": "success"}}
    assert read_notice(charge).key == read_notice(json.loads(json.dumps(charge))).key
    other = {"event": "charge.success", "data": {"id": 6, "reference": "a", "status": "success"}}
    assert read_notice(charge).key != read_notice(other).key


def test_the_states_of_a_dispute_are_different_notices():
    states = [{"event": "charge.dispute.remind", "data": {"id": 5, "status": status}} for status in ("a", "b")]
    assert read_notice(states[0]).key != read_notice(states[1]).key


def test_only_refund_events_are_hints():
    assert read_notice({"event": "refund.pending", "data": {}}).is_hint
    assert not read_notice({"event": "charge.success", "data": {}}).is_hint


def test_without_the_person_only_the_bare_facts_are_left():
    document = {
        "event": "charge.success",
        "data": {
            "id": 302961,
            "reference": "qTPrJoy9Bx",
            "amount": 10000,
            "currency": "NGN",
            "status": "success",
            "ip_address": "41.242.49.37",
            "metadata": {"name": "BoJack"},
            "log": {"history": ["BoJack"]},
            "customer": {"email": "bojack@horseman.com", "first_name": "BoJack"},
            "authorization": {"last4": "8877", "bin": "539999", "account_name": "BoJack Horseman"},
            "something_new": "BoJack",
        },
    }
    left = without_person(document)
    assert left == {
        "event": "charge.success",
        "data": {"id": 302961, "reference": "qTPrJoy9Bx", "amount": 10000, "currency": "NGN", "status": "success"},
    }
    assert without_person(left) == left


def test_a_dispute_keeps_its_reference_without_the_person():
    document = {"event": "charge.dispute.create", "data": {"id": 5, "transaction": {"reference": "a", "ip": "1"}}}
    left = without_person(document)
    assert left == {"event": "charge.dispute.create", "data": {"id": 5, "transaction_reference": "a"}}
    assert read_notice(left).reference == "a"


def test_what_is_no_event_leaves_nothing():
    assert without_person([1]) == {}
