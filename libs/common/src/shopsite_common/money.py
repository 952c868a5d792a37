"""Money: ``Decimal`` with two places inside, a string in JSON, integer minor units towards the payment provider."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

CENT = Decimal("0.01")
MINOR_PER_MAJOR = 100


def quantize(amount: Decimal) -> Decimal:
    """Return the amount with exactly two decimals, halves rounded away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_minor(amount: Decimal) -> int:
    """Return the amount in minor units (kobo, cents): ``Decimal("19.90")`` is 1990."""
    minor = amount * MINOR_PER_MAJOR
    if minor != minor.to_integral_value():
        raise ValueError(f"{amount} is finer than a minor unit")
    return int(minor)


def from_minor(minor: int) -> Decimal:
    """Return minor units as an amount with two decimals: 1990 is ``Decimal("19.90")``."""
    return (Decimal(minor) / MINOR_PER_MAJOR).quantize(CENT)


def _no_float(value: object) -> object:
    # a float has lost cents before it arrives here; JSON numbers are accepted when they are whole or finite text
    if isinstance(value, bool):
        raise ValueError("An amount is a string with two decimals.")
    return Decimal(repr(value)) if isinstance(value, float) else value


Money = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    Field(max_digits=14, decimal_places=2, allow_inf_nan=False),
    AfterValidator(quantize),
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,2})?$", "examples": ["1999.50"]}),
]
"""An amount in a body: ``"1999.50"``; at most two decimals, never infinite."""
