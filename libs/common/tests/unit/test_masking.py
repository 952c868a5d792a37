"""Nothing of persons and no secret gets into a log line, however deep it lies."""

import io
import json
import logging
import secrets
import sys

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from shopsite_common import logs
from shopsite_common.masking import mask, mask_value


@pytest.mark.parametrize(
    "text",
    [
        "call +2348031234567 now",
        "card 5399 8383 8383 8381",
        "5399838383838381",
        "/reset-password?uid=7&token=marked-value",
        "DETAIL:  Key (first_name)=(marked-value) already exists.",
        "[parameters: {'name': 'marked-value'}]",
        "input_value={'name': 'marked-value'}, input_type=dict",
    ],
)
def test_personal_texts_are_masked(text):
    masked = mask(text)
    assert "***" in masked
    assert "marked-value" not in masked
    assert "83" not in masked.replace("+2348", "")


@pytest.mark.parametrize(
    "text",
    [
        "01a20daf-7d8d-7f64-8c66-b882cc733c2e",
        "00000000-0000-0000-0000-000000000000",
        "2026-11-24T13:12:17.123456Z",
        "orders.on_payment_succeeded",
        "1234567890123",
        "127.0.0.1:16052",
    ],
)
def test_ids_and_times_stay(text):
    assert mask(text) == text


def test_values_are_masked_as_deep_as_they_go():
    given = {
        "list": ["a@example.com", {"phone": "12345"}],
        "bytes": b"Bearer marked",
        "error": ValueError("b@example.com"),
        "shipping_address": "marked street",
        "order_id": "o-1",
        "email_id": "e-1",
        "count": 3,
    }
    masked = mask_value("", given)
    assert "example" not in str(masked)
    assert "marked" not in str(masked)
    assert masked["list"][1]["phone"] == "***"
    assert (masked["order_id"], masked["email_id"], masked["count"]) == ("o-1", "e-1", 3)


class Thing(BaseModel):
    number: int


@pytest.fixture
def lines(monkeypatch):
    """Log as a process does; return the lines."""
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    logs.configure(service="orders", role="api")
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def test_a_traceback_quotes_nothing_of_what_was_given(lines):
    given = f"marked{secrets.token_hex(4)}"  # not as it would stand in the quoted line of code
    try:
        Thing.model_validate({"number": given})
    except ValidationError:
        logs.get_logger("test").exception("went_wrong", details={"email": "a@example.com"})
    logging.getLogger("library").warning("to %s", "b@example.com")
    first, second = lines()
    assert given not in str(first)
    assert "ValidationError" in first["exception"]
    assert "example" not in str(first) + str(second)


def test_a_line_says_which_order_it_is_about(lines):
    log = logs.get_logger("test")
    logs.about(order_id="o-1")
    log.info("first")
    logs.about(order_id=None)
    log.info("second")
    first, second = lines()
    assert first["order_id"] == "o-1"
    assert "order_id" not in second
