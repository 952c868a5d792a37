"""Query parameters that more than one endpoint reads."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _written_as_a_date(value: Any) -> Any:
    # a bare number would be taken for seconds since 1970
    if isinstance(value, str) and value.count("-") < len("--"):
        raise ValueError("Must be a date, or a date and time, in the form of ISO 8601.")
    return value


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


Moment = Annotated[datetime, BeforeValidator(_written_as_a_date), AfterValidator(_in_utc)]
"""A moment; one without a time zone is meant in UTC, a date alone is its midnight."""

Day = Annotated[date, BeforeValidator(_written_as_a_date)]
"""A day of the calendar."""
