"""Bases of the bodies that go in and out."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Timestamp = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str, when_used="json")]
"""A moment, RFC 3339 in UTC with ``Z``."""


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError("A valid integer is required.")
    # JSON has one kind of number: 5.0 is the integer 5
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, Strict(), BeforeValidator(_whole)]
"""An integer that arrives as a JSON number: no text, no fraction, no boolean."""

Flag = Annotated[bool, Strict()]
"""A boolean that arrives as a JSON boolean."""


class RequestBody(BaseModel):
    """The base of what clients send: unknown and read-only fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    def given(self) -> dict[str, Any]:
        """Return only the fields that the client sent: what PATCH changes."""
        return self.model_dump(exclude_unset=True)


class ResponseBody(BaseModel):
    """The base of what clients get: exactly the declared fields, in their order."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Problem(ResponseBody):
    """An error, for clients of the seed (``error``, ``details``) and of RFC 9457 alike."""

    type: str = Field(default="about:blank", description="A URI for the kind of problem")
    title: str = Field(description="The status in words", examples=["Bad Request"])
    status: int = Field(description="The HTTP status", examples=[400])
    code: str = Field(description="A stable slug to branch on", examples=["validation_failed"])
    error: str = Field(description="One sentence for people", examples=["Validation failed"])
    details: dict[str, Any] = Field(
        description="The particulars; for field errors a list of sentences a field",
        examples=[{"email": ["This field is required."]}],
    )
