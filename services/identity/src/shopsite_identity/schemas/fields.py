"""Kinds of fields, and what is read alike in more than one body."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from shopsite_common.clock import utcnow
from shopsite_identity.domain import (
    MAX_EMAIL,
    MAX_PASSWORD,
    MIN_PASSWORD,
    checked_birth,
    form_objections,
    normalized_email,
)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL_SCHEMA = {"type": "string", "format": "email", "maxLength": MAX_EMAIL, "examples": ["ada@example.com"]}
# no control characters: names stand in the headers of mails
_NAME = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

_TEXT = r"^[^\x00]*$"


def _written_as_a_date(value: Any) -> Any:
    if not isinstance(value, date) and not (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        raise ValueError("Enter a date as YYYY-MM-DD.")
    return value


def _possible_birth(born: date) -> date:
    return checked_birth(born, utcnow().date())


Email = Annotated[str, AfterValidator(normalized_email), WithJsonSchema(_EMAIL_SCHEMA, mode="validation")]
# an address to look for: whether it could be one makes no difference
AnyEmail = Annotated[
    str, StringConstraints(min_length=1, max_length=320, pattern=_TEXT), Field(examples=["ada@example.com"])
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=_NAME), Field(examples=["Ada"])]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"), Field(examples=["+2348012345678"])]
Birth = Annotated[
    date, BeforeValidator(_written_as_a_date), AfterValidator(_possible_birth), Field(examples=["1990-01-01"])
]


def _well_formed(password: str) -> str:
    if sentences := form_objections(password):
        raise ValueError(" ".join(sentences))
    return password


def _password_schema(min_length: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": min_length,
            "maxLength": MAX_PASSWORD,
            "examples": ["securepassword123"],
        }
    )


# every character counts, spaces at the ends too
_AnyText = StringConstraints(strip_whitespace=False, max_length=MAX_PASSWORD)
Password = Annotated[str, _AnyText, Field(min_length=1), _password_schema(1)]
NewPassword = Annotated[str, _AnyText, AfterValidator(_well_formed), _password_schema(MIN_PASSWORD)]
Token = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512, pattern=_TEXT),
    Field(examples=["q1Zt0uP7cXb3mJw8yK5nRg2vHd9sLf4A"]),
]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def absent() -> Any:
    """Return a field that may be left out, though null is no value for it."""
    return Field(default=None, json_schema_extra=_without_default)


def same_password(repeated: str, password: str | None) -> str:
    """Return the repetition of a password; without one that could be read there is nothing to compare.

    Raises:
        ValueError: it is another one.
    """
    if password is not None and repeated != password:
        raise ValueError("The two passwords do not match.")
    return repeated
