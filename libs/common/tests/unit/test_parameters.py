"""What a query parameter of a day or a moment is read from."""

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from shopsite_common.parameters import Day, Moment

DAY = TypeAdapter(Day)
MOMENT = TypeAdapter(Moment)


def test_a_day_and_a_moment_are_read_as_they_are_written():
    assert DAY.validate_python("2026-01-31") == date(2026, 1, 31)
    assert MOMENT.validate_python("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    assert MOMENT.validate_python("2026-01-31T02:00:00+02:00") == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "advice"),
    [(DAY, "Enter a date, as in 2026-01-31."), (MOMENT, "Enter a date, or a date and time, in the form of ISO 8601.")],
)
@pytest.mark.parametrize("written", ["1769817600", "31.01.2026", "yesterday", ""])
def test_what_is_neither_is_told_how_to_be_written(kind, advice, written):
    with pytest.raises(ValidationError, match=advice):
        kind.validate_python(written)
