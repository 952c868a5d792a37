"""What must not stand in a log: credentials, and what tells of persons. Found by key, and by the look of a value."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

MASK = "***"
_SECRETS = re.compile(
    r"sk_(?:live|test)_\w+"  # Paystack's keys
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"  # JWTs
    r"|(?i:bearer\s+)[\w.~+/=-]+"
    r"|(?<=://)[^\s:/@]+:[^\s@/]+(?=@)"  # user and password in a URL
)
_EMAIL = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"(?<=[?&])([\w.-]+)=[^&\s\"'#]+")
_NUMBER = re.compile(r"(?<![\w.:-])\+?\d(?:[ -]?\d){7,18}(?![\w.:-])")
# texts of errors that quote what they were given: PostgreSQL's DETAIL, pydantic's input_value
_QUOTED = re.compile(r"(?<=DETAIL:)[^\n]*|(?<=input_value=).*?(?=, input_type=)|(?<=\[parameters:)[^\n]*", re.DOTALL)
_KEYS = re.compile(
    r"password|passwd|token|secret|authorization|cookie|signature|api_?key|access_code|email|phone|(?:^|_)address"
    r"|(?:first|last|full|customer)_?name|card",
    re.IGNORECASE,
)
_PLAIN = (int, float, bool, type(None), UUID, datetime, date, timedelta, Decimal)
_CARD_DIGITS = 13


def mask(text: str) -> str:
    """Return a text with credentials, e-mail addresses, phone and card numbers and quoted input replaced by ``***``."""
    if "@" in text or "%40" in text:
        text = _EMAIL.sub("***@***", _SECRETS.sub(MASK, text))
    elif "sk_" in text or "eyJ" in text or "bearer" in text.lower():
        text = _SECRETS.sub(MASK, text)
    if "=" in text or ":" in text:
        text = _QUOTED.sub(MASK, _QUERY.sub(rf"\1={MASK}", text))
    return _NUMBER.sub(_masked_number, text)


def mask_value(key: str, value: Any) -> Any:
    """Return what of a value may be logged under this key, lists and dicts as deep as they go."""
    if value and _KEYS.search(key) and not key.endswith("_id"):
        return MASK
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return mask(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, Mapping):
        return {name: mask_value(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask_value("", part) for part in value]
    return value if isinstance(value, _PLAIN) else mask(repr(value))


def _masked_number(found: re.Match[str]) -> str:
    text = found.group()
    digits = [int(letter) for letter in text if letter.isdigit()]
    is_card = len(digits) >= _CARD_DIGITS and _fits_luhn(digits)
    return MASK if text.startswith("+") or is_card else text


def _fits_luhn(digits: list[int]) -> bool:
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]  # noqa: PLR2004 - Luhn's own
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
