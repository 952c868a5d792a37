"""Webhook, callback and poller all end here: verify with Paystack, then settle in one transaction."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from shopsite_common import context, telemetry
from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.events import PaymentNews
from shopsite_common.logs import get_logger
from shopsite_payments.deps.refunding import look_at_refunds
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.errors import TransactionUnknown
from shopsite_payments.repository.payments import AttemptTask
from shopsite_payments.service import settlement
from shopsite_payments.service.settlement import Standing

log = get_logger(__name__)

_BATCH = 16
_SHARE = 0.75  # of the interval: so that it is kept also when a look takes its time
_TRY_AGAIN = timedelta(seconds=5)


async def settle(desk: PaymentsResources, reference: str, brought_by: PaymentNews = "check") -> Standing:
    """Ask Paystack how a transaction stands and take it in. Safe to call from anywhere, at once and again.

    Args:
        desk: payments' means.
        reference: of the attempt.
        brought_by: what made us ask, for the order's story.

    Raises:
        UnknownReference: no attempt of ours has the reference.
        PaystackUnavailable: Paystack can't be asked.
    """
    standing = await desk.db.run(settlement.get_standing, reference=reference)
    if standing.settled:
        return standing
    try:
        verification = await desk.paystack.verify(reference)
    except TransactionUnknown:
        await desk.db.run(settlement.note_unknown, reference=reference, now=utcnow())
        return standing
    standing = await desk.db.run(
        settlement.settle_attempt,
        verification=verification,
        brought_by=brought_by,
        now=utcnow(),
        hold=desk.settings.hold,
    )
    if verification.status == "reversed":
        await look_at_refunds(desk, reference)
    return standing


async def verify_due(desk: PaymentsResources) -> None:
    """Verify every unpaid attempt whose time has come."""
    while due := await _take_due(desk):
        await asyncio.gather(*(_verify(desk, task) for task in due))
        if len(due) < _BATCH:
            return


async def _take_due(desk: PaymentsResources) -> Sequence[AttemptTask]:
    every = desk.settings.reconcile_every
    return await desk.db.run(
        settlement.take_due_attempts, now=utcnow(), pause=every * _SHARE, after_end=every, limit=_BATCH
    )


async def _verify(desk: PaymentsResources, task: AttemptTask) -> None:
    context.enter("", task.traceparent)
    with telemetry.span("verify attempt", parent=task.traceparent):
        try:
            await settle(desk, task.reference)
        except Unavailable as error:
            log.warning("verification_waits", reference=task.reference, error=error.code)
            await desk.db.run(settlement.check_again, reference=task.reference, at=utcnow() + _TRY_AGAIN)


def first_check(desk: PaymentsResources) -> timedelta:
    """Return after how long a new attempt is verified for the first time."""
    return desk.settings.reconcile_every * _SHARE
