"""Rules of stock levels."""

from enum import StrEnum

from shopsite_catalog.errors import StockOutOfRange

MAX_STOCK = 1_000_000_000


class Movement(StrEnum):
    """Why the stock ledger has a row. The deltas of all rows of a product add up to its stock.

    A reservation takes the stock, so ``sale`` has the delta 0: it notes that what was taken is paid for.
    """

    INITIAL = "initial"
    ADJUSTMENT = "adjustment"
    EDIT = "edit"
    RESERVATION = "reservation"
    RELEASE = "release"
    RETURN = "return"
    SALE = "sale"


def changed_level(level: int, delta: int) -> int:
    """Return the level after a correction.

    Raises:
        StockOutOfRange: it would be below zero, or past what can be counted.
    """
    if not 0 <= level + delta <= MAX_STOCK:
        raise StockOutOfRange(details={"stock": level, "delta": delta})
    return level + delta


def has_fallen(before: int, after: int, threshold: int) -> bool:
    """Tell whether this change brought the stock to its threshold or under it: true once for each fall."""
    return before > threshold >= after
