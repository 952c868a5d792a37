"""Which days a report covers."""

from datetime import date, timedelta

from shopsite_orders.errors import PeriodRefused

MAX_DAYS = 366
_DEFAULT_DAYS = 30
_EARLIEST = date(2000, 1, 1)
_LATEST = date(2999, 12, 31)


def report_days(first: date | None, last: date | None, *, today: date) -> tuple[date, date]:
    """Return the first and last day of a report, both included; by default the last 30 days.

    Raises:
        PeriodRefused: the days are in the wrong order, too many, or out of any calendar that a shop needs.
    """
    if not all(day is None or _EARLIEST <= day <= _LATEST for day in (first, last)):
        raise PeriodRefused.because(f"Must lie between {_EARLIEST} and {_LATEST}.")
    end = last or (max(today, first) if first else today)
    start = first or end - timedelta(days=_DEFAULT_DAYS - 1)
    if start > end:
        raise PeriodRefused.because("Must not be after `to`.")
    if (end - start).days >= MAX_DAYS:
        raise PeriodRefused.because(f"At most {MAX_DAYS} days can be asked for.")
    return start, end
