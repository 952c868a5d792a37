"""The daily comparison with Paystack's list; it also makes good what no webhook and no look has brought."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from prometheus_client import Gauge

from shopsite_common.clock import utcnow
from shopsite_common.logs import get_logger
from shopsite_payments.deps.refunding import list_refunds, look_at_refunds
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.payments import Verification
from shopsite_payments.errors import UnknownReference
from shopsite_payments.service import reconciliation
from shopsite_payments.service.reconciliation import Difference

log = get_logger(__name__)

_DIFFERENCES = Gauge("shopsite_payments_reconciliation_differences", "What the last comparison with Paystack found")
_PAUSE = timedelta(hours=24)
_EDGE = timedelta(hours=1)  # the two clocks at the edge of the time that is compared
_CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a comparison found among how many transactions."""

    compared: int
    differences: list[Difference]


async def reconcile_daily(desk: PaymentsResources) -> Report | None:
    """Compare, unless somebody did in the last 24 hours."""
    return await reconcile(desk, since=utcnow() - timedelta(days=desk.settings.payment_sweep_days), pause=_PAUSE)


async def reconcile(
    desk: PaymentsResources, *, since: datetime, until: datetime | None = None, pause: timedelta = timedelta(0)
) -> Report | None:
    """Compare the transactions and refunds begun in that time; None if a comparison was made within the pause.

    Args:
        since, until: the time that is compared; without its end, until now.
        pause: how long after the last comparison another one makes sense.

    Raises:
        PaystackUnavailable: Paystack can't be asked; the next run comes within two hours.
    """
    run_id = await desk.db.run(reconciliation.begin_run, since=since, now=utcnow(), pause=pause)
    if run_id is None:
        return None
    report = await _compare(desk, since, until)
    for difference in report.differences:
        log.error("reconciliation_difference", **vars(difference))
    _DIFFERENCES.set(len(report.differences))
    await desk.db.run(
        reconciliation.finish_run,
        run_id=run_id,
        compared=report.compared,
        differences=report.differences,
        now=utcnow(),
    )
    return report


async def _compare(desk: PaymentsResources, since: datetime, until: datetime | None) -> Report:
    # our side is read first: what we count as paid by now must be in the list that Paystack gives after it
    ours = {"since": since, "until": until or utcnow()}
    paid = await desk.db.run(reconciliation.list_paid_since, **ours)
    refunded = await desk.db.run(reconciliation.list_refunded_since, **ours)
    since, until = since - _EDGE, until and until + _EDGE
    theirs = await _list_theirs(desk, since, until)
    references = {each async for each in desk.paystack.list_refunded_references(since=since, until=until)}
    differences = [
        *await _compare_theirs(desk, list(theirs.values())),
        *reconciliation.missing_there(paid, theirs),
        *await _compare_refunds(desk, references.union(refunded)),
    ]
    return Report(compared=len(theirs), differences=differences)


async def _list_theirs(desk: PaymentsResources, since: datetime, until: datetime | None) -> dict[str, Verification]:
    found: dict[str, Verification] = {}
    for status in ("success", "reversed"):
        async for row in desk.paystack.list_transactions(status=status, since=since, until=until):
            found[row.reference] = row
    return found


async def _compare_theirs(desk: PaymentsResources, theirs: list[Verification]) -> Iterable[Difference]:
    found: list[Difference] = []
    for start in range(0, len(theirs), _CHUNK):
        chunk = theirs[start : start + _CHUNK]
        ours = await desk.db.run(reconciliation.find_lines, references=[row.reference for row in chunk])
        compared = (reconciliation.compare(row, ours.get(row.reference)) for row in chunk)
        found += [await _mended(desk, difference) for difference in compared if difference is not None]
    return found


async def _mended(desk: PaymentsResources, difference: Difference) -> Difference:
    if difference.kind != "unpaid_here":
        return difference
    standing = await settle(desk, difference.reference)
    return replace(difference, mended=standing.settled)


async def _compare_refunds(desk: PaymentsResources, references: set[str]) -> list[Difference]:
    found: list[Difference] = []
    for reference in sorted(references):
        with contextlib.suppress(UnknownReference):  # its transaction is in the other list, and named there
            found += await _compare_refunds_of(desk, reference)
    return found


async def _compare_refunds_of(desk: PaymentsResources, reference: str) -> list[Difference]:
    """Take in what Paystack says of a transaction's refunds; what is still different then is a difference."""
    new = await look_at_refunds(desk, reference)
    theirs = await list_refunds(desk, reference)
    ours = await desk.db.run(reconciliation.list_refund_lines, reference=reference)
    external = (
        [Difference(kind="external_refund", reference=reference, theirs=f"{new} new", mended=True)] if new else []
    )
    return [*external, *reconciliation.compare_refunds(reference, ours, theirs)]
