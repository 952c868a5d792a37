"""The limits of one process, while Redis does not answer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from shopsite_common.rate_limit.quota import Quota

SECOND = 1_000_000  # all arithmetic is in whole microseconds
_BUCKETS = 10_000


class OwnMemory:
    """The same limits within this process, for at most ``_BUCKETS`` buckets: the stalest go first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._full_at: OrderedDict[str, int] = OrderedDict()
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take(self, key: str, quota: Quota) -> tuple[int, int, int, int]:
        """Return 1 or 0, how many are left, and the microseconds until all are back and until the next passes."""
        now = self._now()
        window = quota.seconds * SECOND
        interval = window // quota.limit
        full_at = max(self._full_at.get(key, 0), now)
        wait = full_at + interval - window - now
        if wait > 0:
            return 0, 0, full_at - now, wait
        full_at += interval
        _put(self._full_at, key, full_at)
        return 1, (window - (full_at - now)) // interval, full_at - now, 0

    def count(self, key: str, quota: Quota, more: int) -> tuple[int, int]:
        """Add ``more``; return how many are counted, and the microseconds until the window ends."""
        now = self._now()
        counted, ends_at = self._counts.get(key, (0, 0))
        if ends_at <= now:
            counted, ends_at = 0, now + quota.seconds * SECOND
        if more:
            _put(self._counts, key, (counted + more, ends_at))
        counted += more
        return counted, ends_at - now if counted else 0

    def forget(self, key: str) -> None:
        """Drop what is counted."""
        self._counts.pop(key, None)

    def _now(self) -> int:
        return int(self._clock() * SECOND)


def _put(buckets: OrderedDict[str, Any], key: str, value: Any) -> None:
    buckets[key] = value
    buckets.move_to_end(key)
    if len(buckets) > _BUCKETS:
        buckets.popitem(last=False)
