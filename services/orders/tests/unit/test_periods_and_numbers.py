import re
import secrets
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopsite_orders.domain.numbers import order_number
from shopsite_orders.domain.periods import MAX_DAYS, report_days
from shopsite_orders.errors import PeriodRefused

TODAY = date(2026, 11, 24)
days = st.one_of(st.none(), st.dates())


def test_a_report_covers_the_last_30_days_by_default():
    assert report_days(None, None, today=TODAY) == (date(2026, 10, 26), TODAY)
    assert report_days(None, date(2026, 1, 30), today=TODAY) == (date(2026, 1, 1), date(2026, 1, 30))
    assert report_days(date(2026, 11, 1), None, today=TODAY) == (date(2026, 11, 1), TODAY)


def test_a_leap_year_fits_and_a_day_more_does_not():
    assert report_days(date(2024, 1, 1), date(2024, 12, 31), today=TODAY)
    with pytest.raises(PeriodRefused):
        report_days(date(2024, 1, 1), date(2025, 1, 1), today=TODAY)


def test_the_end_is_not_before_the_beginning():
    with pytest.raises(PeriodRefused) as refused:
        report_days(TODAY, TODAY - timedelta(days=1), today=TODAY)
    assert list(refused.value.details) == ["from"]


@given(days, days)
def test_any_days_give_a_period_or_a_refusal(first, last):
    try:
        start, end = report_days(first, last, today=TODAY)
    except PeriodRefused:
        return
    assert timedelta(0) <= end - start < timedelta(days=MAX_DAYS)


def test_a_number_has_its_day_and_six_clear_characters():
    number = order_number(datetime(2026, 11, 24, tzinfo=UTC), secrets.choice)
    assert re.fullmatch(r"SO-20261124-[0-9A-HJKMNP-TV-Z]{6}", number)
