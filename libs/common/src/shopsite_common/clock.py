"""The one place that asks the machine for the time; rules take it as an argument."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the current moment with its time zone, UTC."""
    return datetime.now(UTC)
