"""Kinds of query parameters that several services read alike."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_DATE_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")


def _starting_with_a_date(advice: str) -> BeforeValidator:
    # pydantic would take a bare number for seconds since 1970
    def check(value: Any) -> Any:
        if isinstance(value, str) and not _DATE_FIRST.fullmatch(value):
            raise ValueError(advice)
        return value

    return BeforeValidator(check)


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("This moment is out of range.") from error


Moment = Annotated[
    datetime,
    _starting_with_a_date("Enter a date, or a date and time, in the form of ISO 8601."),
    AfterValidator(_in_utc),
]
"""A moment; one without a time zone is meant in UTC, a date alone is its midnight."""

Day = Annotated[date, _starting_with_a_date("Enter a date, as in 2026-01-31.")]
"""A day of the calendar."""
