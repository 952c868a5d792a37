"""The shop's sales figures."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlmodel import Session

from shopsite_orders.domain.standing import Status
from shopsite_orders.domain.views import Sales
from shopsite_orders.repository import sales as repository


def get_sales(session: Session, *, first: date, last: date, interval: str) -> Sales:
    """Return the figures from the first to the last day, both included, UTC."""
    since = datetime.combine(first, time(), UTC)
    until = datetime.combine(last, time(), UTC) + timedelta(days=1)
    series = repository.list_series(session, since=since, until=until, unit=interval)
    counts = repository.count_by_status(session, since=since, until=until)
    return Sales(
        orders=sum(slot.orders for slot in series),
        revenue=sum((slot.revenue for slot in series), Decimal("0.00")),
        by_status={status.value: counts.get(status.value, 0) for status in Status},
        series=series,
        products=repository.list_top_products(session, since=since, until=until),
        customers=repository.list_top_customers(session, since=since, until=until),
    )


def get_day(session: Session, *, day: date) -> tuple[int, int, Decimal]:
    """Return how many orders there are at all, how many were paid on a day (UTC), and what these brought."""
    since = datetime.combine(day, time(), UTC)
    [slot] = repository.list_series(session, since=since, until=since + timedelta(days=1), unit="day")
    return sum(repository.count_all_by_status(session).values()), slot.orders, slot.revenue


def measure_sales(session: Session) -> tuple[dict[str, int], Decimal]:
    """Return how many orders are in each status, and the revenue since the shop began."""
    counts = repository.count_all_by_status(session)
    return {status.value: counts.get(status.value, 0) for status in Status}, repository.sum_revenue(session)
