"""Paystack's rules as the documents give them: amounts, references, test cards, the way of a refund."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shopsite_local.paystack import errors

SMALLEST: Final = {"NGN": 5_000, "USD": 200, "GHS": 10, "ZAR": 100, "KES": 300, "XOF": 100}
"""The least amount of each currency, in subunits."""
LARGEST: Final = 1_000_000_000
"""10,000,000 of any currency."""
CHANNELS: Final = (
    "card",
    "bank",
    "apple_pay",
    "ussd",
    "qr",
    "mobile_money",
    "bank_transfer",
    "eft",
    "capitec_pay",
    "payattitude",
)
REFERENCE: Final = re.compile(r"[A-Za-z0-9._=-]{1,200}")
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
FREED: Final = frozenset({"failed"})
"""Refunds in these states give their amount back to the transaction."""
NEXT_STATUS: Final = {"pending": "processing", "processing": None}


@dataclass(frozen=True, kw_only=True)
class Card:
    """One of the published test cards and what it does."""

    number: str
    cvv: str
    brand: str
    does: str
    decline: str | None = None
    pin: str | None = None
    otp: str | None = None
    refund_ending: str = "processed"


CARDS: Final = {
    card.number: card
    for card in (
        Card(number="4084084084084081", cvv="408", brand="visa", does="pays"),
        Card(
            number="5060666666666666666",
            cvv="123",
            pin="1234",
            otp="123456",
            brand="verve",
            does="asks for PIN and OTP",
        ),
        Card(number="4084080000005408", cvv="001", brand="visa", does="is declined", decline="Declined"),
        Card(number="4084080000670037", cvv="787", brand="visa", does="lacks funds", decline="Insufficient Funds"),
        Card(number="4084080000671803", cvv="180", brand="visa", does="pays, its refund fails", refund_ending="failed"),
        Card(
            number="4084080000671902",
            cvv="190",
            brand="visa",
            does="pays, its refund needs attention",
            refund_ending="needs-attention",
        ),
    )
}
DEFAULT_CARD: Final = CARDS["4084084084084081"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A checked request for a transaction."""

    email: str
    amount: int
    currency: str
    reference: str | None
    callback_url: str | None
    channels: list[str]
    metadata: Any


def wanted(body: Mapping[str, Any], *, currencies: tuple[str, ...]) -> Wanted:
    """Checks the body of `POST /transaction/initialize`; raises `errors.Refused`."""
    currency = str(body.get("currency") or currencies[0]).upper()
    if currency not in currencies:
        raise errors.unsupported_currency()
    return Wanted(
        email=_email(body.get("email")),
        amount=_amount(body.get("amount"), currency),
        currency=currency,
        reference=_reference(body.get("reference")),
        callback_url=_callback(body.get("callback_url")),
        channels=_channels(body.get("channels")),
        metadata=body.get("metadata", ""),
    )


def _email(value: Any) -> str:
    if not value:
        raise errors.missing_email()
    if not isinstance(value, str) or not EMAIL.fullmatch(value):
        raise errors.invalid_params("Invalid Email Address Passed")
    return value


def _amount(value: Any, currency: str) -> int:
    amount = subunits(value)
    if not SMALLEST.get(currency, 1) <= amount <= LARGEST:
        raise errors.invalid_amount()
    return amount


def is_missing(value: Any) -> bool:
    """Whether a parameter was left out; a form sends an empty one instead."""
    return value is None or value == ""


def is_number(text: str) -> bool:
    """Whether a text is a whole number that fits 64 bits."""
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


def subunits(value: Any) -> int:
    """Reads a whole number above zero, sent as a number or as its digits; raises `errors.Refused`."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not is_number(digits) or int(digits) == 0:
        raise errors.invalid_amount()
    return int(digits)


def _reference(value: Any) -> str | None:
    if is_missing(value):
        return None
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise errors.invalid_params("Invalid transaction reference: only -, ., = and alphanumeric characters allowed")
    return value


def _callback(value: Any) -> str | None:
    if is_missing(value):
        return None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise errors.invalid_params("Invalid callback url")
    return value


def _channels(value: Any) -> list[str]:
    if is_missing(value):
        return []
    if not isinstance(value, list) or not all(channel in CHANNELS for channel in value):
        raise errors.invalid_params("Invalid payment channel")
    return list(value)


def next_refund_status(status: str, ending: str) -> str:
    """Returns what follows `status` on the way to `ending`: pending, processing, then the end."""
    return NEXT_STATUS.get(status) or ending


def refundable(*, paid: int, refunds: list[tuple[int, str]]) -> int:
    """Returns what is left of `paid` beside refunds given as (amount, status)."""
    return paid - sum(amount for amount, status in refunds if status not in FREED)


def retry_seconds(tries: int, *, scale: float) -> float | None:
    """Returns the wait after so many failed tries, None when Paystack gives up.

    Paystack's live schedule: every 3 minutes for the first 4 tries, then hourly for 72 hours.
    """
    first, hourly = 4, 72
    if tries >= first + hourly:
        return None
    return (180 if tries < first else 3600) / scale


def iso(seconds: float | None) -> str | None:
    """Returns a time as Paystack writes it: `2026-11-23T10:00:00.000Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """Reads a date or a time of a list's `from` and `to`; raises `errors.Refused`."""
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise errors.invalid_params("Invalid date") from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
