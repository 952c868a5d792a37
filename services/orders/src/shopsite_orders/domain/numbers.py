"""The number by which people call an order: ``SO-20261124-7F3K9Q``."""

from collections.abc import Callable
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none that is misheard or misread
_LENGTH = 6


def order_number(at: datetime, choose: Callable[[str], str]) -> str:
    """Return a number for an order of that day.

    Args:
        at: when the order is placed, in UTC.
        choose: picks one character of the alphabet, by chance.
    """
    return f"SO-{at:%Y%m%d}-" + "".join(choose(ALPHABET) for _ in range(_LENGTH))
