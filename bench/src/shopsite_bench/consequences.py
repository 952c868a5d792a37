"""When everything is done that orders bring about: events sent, each handled by all who asked for it, mails out."""

import time
from collections.abc import Iterator

from shopsite_bench.stage import Stage
from shopsite_common.events import ANY_SERVICE
from shopsite_invariants.sources import subscriptions
from shopsite_local.layout import SERVICES
from shopsite_local.problems import RunnerError

_PATIENCE_SECONDS = 120.0
_LOOK_SECONDS = 0.05


def left_to_do(stage: Stage) -> int:
    """How much is left to do; what other cases have put into tables by themselves counts, too, and stays the same."""
    return int(stage.query(f"SELECT {' + '.join(_counts())}")[0][0])


def await_all(stage: Stage, settled: int) -> None:
    """Returns as soon as no more is left to do than was when all was settled.

    Raises:
        RunnerError: something still is, after two minutes.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (left := left_to_do(stage)) > settled:
        if time.monotonic() > deadline:
            raise RunnerError(f"{left - settled} consequences are still missing after {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


def _counts() -> Iterator[str]:
    """Counts as SQL: unsent events, unsent mails, and events less the notes of the handlers that had them."""
    yield "(SELECT count(*) FROM notifications.emails WHERE status = 'PENDING')"
    for service in SERVICES:
        yield f"(SELECT count(*) FROM {service}.outbox WHERE sent_at IS NULL)"
        yield f"- (SELECT count(*) FROM {service}.inbox)"
    for subscription in subscriptions():
        for event in subscription.events:
            for publisher in SERVICES if event.producer == ANY_SERVICE else (event.producer,):
                yield f"(SELECT count(*) FROM {publisher}.outbox WHERE type = '{event.type_name()}')"
