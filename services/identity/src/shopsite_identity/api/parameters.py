"""Query parameters that a list reads in more than one place."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_DATE_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?")


def _written_as_a_date(value: Any) -> Any:
    if isinstance(value, str) and not _DATE_FIRST.fullmatch(value):
        raise ValueError("Enter a date, or a date and time.")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("This moment is out of range.") from error


Moment = Annotated[datetime, BeforeValidator(_written_as_a_date), AfterValidator(_in_utc)]
"""A moment; one without a time zone is meant in UTC, a date alone is its midnight."""
