"""Rules of mails: their kinds and subjects, when a failed one is tried again, and what may stand in a header."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

Kind = Literal[
    "welcome",
    "order_confirmation",
    "payment_confirmation",
    "shipping",
    "cancellation",
    "refund",
    "password_reset",
    "low_stock",
    "payment_held",
]
Status = Literal["PENDING", "SENT", "FAILED"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ERASED_ADDRESS: Final = "erased@account.invalid"
OPTIONAL_KINDS: Final = frozenset({"shipping"})
"""What a customer may switch off; money, security and cancellations are always told."""

MAX_SUBJECT: Final = 200
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LONGEST_PAUSE: Final = timedelta(minutes=15)
_LAST_DOUBLING: Final = 10
_ADDRESS: Final = re.compile(r"[^\s<>@,;:\"']+@[^\s<>@,;:\"']+")
_MAX_ERROR: Final = 300
_EMOJI_JOINER: Final = "\u200d"

_HELD_SUBJECTS: Final[Mapping[str, str]] = {
    "amount_mismatch": "Payment held: the amount differs from the order's",
    "disputed": "Payment disputed by the customer",
    "external_refund": "Refund made outside the shop",
    "refund_failed": "A refund has failed",
}


def one_line(text: str) -> str:
    """Return the text with control characters and line breaks as single blanks: nothing starts a new header or line.

    Direction marks go, too: they could make a name read as something else.
    """
    return " ".join("".join(_printable(char) for char in text).split())


def _printable(char: str) -> str:
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp", "Cs"}:
        return " "
    return "" if category == "Cf" and char != _EMOJI_JOINER else char


def clean(value: Any) -> Any:
    """Return JSON-like data whose every text is one line."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return {key: clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list) else value


def subject_of(kind: Kind, context: Mapping[str, Any]) -> str:
    """Return the subject line; it names no person."""
    number = context.get("number") or ""
    subject = {
        "welcome": "Welcome! Your account is ready",
        "order_confirmation": f"We have your order {number}",
        "payment_confirmation": f"Payment received for order {number}",
        "shipping": f"Order {number} is on its way",
        "cancellation": f"Order {number} was cancelled",
        "refund": f"Your refund for order {number}" if number else "Your refund",
        "password_reset": "Choose a new password",
        "low_stock": f"Low stock: {context.get('name', '')} ({context.get('stock', '')} left)",
        "payment_held": _HELD_SUBJECTS.get(str(context.get("reason")), _HELD_SUBJECTS["amount_mismatch"]),
    }[kind]
    line = one_line(subject)
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"


def pause_after(attempts: int) -> timedelta:
    """Return how long a mail rests after its n-th failed attempt: 5 s, doubled each time, at most 15 minutes."""
    doublings = min(max(attempts - 1, 0), _LAST_DOUBLING)
    return min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)


def has_failed(*, queued_at: datetime, now: datetime, deadline: timedelta, permanent: bool) -> bool:
    """Tell whether a mail that could not be delivered just now is given up."""
    return permanent or now - queued_at >= deadline


def without_addresses(error: str) -> str:
    """Return a server's answer fit for log, event and table: one line, no address of anybody."""
    return _ADDRESS.sub("<address>", one_line(error))[:_MAX_ERROR]
