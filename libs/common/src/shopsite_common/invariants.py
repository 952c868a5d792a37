"""What a service can recount of its own tables: how much is not as it should be, as a metric, and what, in the log.

The whole shop is recounted by ``make invariants``, which reads all six schemas; this is what each worker can see alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Gauge
from sqlmodel import Session

from shopsite_common import outbox
from shopsite_common.db import Database
from shopsite_common.logs import get_logger

log = get_logger(__name__)

_VIOLATIONS = Gauge("shopsite_invariant_violations", "Things that are not as they should be", ["check"])
_NAMED = 10
RECOUNT_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Invariant:
    """Something that must always hold.

    Attributes:
        name: the metric's label.
        violations: gives the ids of what breaks it, in one read of the service's tables.
    """

    name: str
    violations: Callable[[Session], Sequence[object]]


OUTBOX_MOVES = Invariant("outbox_moves", outbox.list_stuck)
"""Every service's: an event leaves within a minute, unless the broker is away."""


async def recount(db: Database, invariants: Sequence[Invariant]) -> None:
    """Look at each invariant once, and say what breaks it."""
    for invariant in invariants:
        ids = await db.run(invariant.violations)
        _VIOLATIONS.labels(invariant.name).set(len(ids))
        if ids:
            log.error(
                "invariant_violated", check=invariant.name, count=len(ids), ids=[str(each) for each in ids[:_NAMED]]
            )
