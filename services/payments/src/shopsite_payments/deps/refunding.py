"""Carrying refunds out: look first whether Paystack has it, ask once, and follow it to its end."""

import asyncio
from datetime import timedelta

from shopsite_common import context, telemetry
from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.domain.payments import ProviderRefund, refund_note
from shopsite_payments.errors import AnswerLost, PaystackRefused, PaystackUnavailable, TransactionUnknown
from shopsite_payments.repository.refunds import RefundTask
from shopsite_payments.service import refunds

log = get_logger(__name__)

_BATCH = 8
# how long the work of a process that died is left lying; `plan_send` sees to it that of two only one asks Paystack
_LEASE = timedelta(seconds=20)
_SILENCE = timedelta(seconds=60)  # a call without an answer may still be worked on for so long
_AFTER_ERROR = timedelta(seconds=5)  # one that was answered with an error is over; its effect shows in the list


async def look_at_refunds(desk: PaymentsResources, reference: str) -> int:
    """Take in all refunds of a transaction as Paystack lists them; return how many were new to us.

    Raises:
        UnknownReference: no attempt of ours has the reference.
        PaystackUnavailable: Paystack can't be asked.
    """
    found = await list_refunds(desk, reference)
    return await desk.db.run(refunds.record_provider_refunds, reference=reference, found=found, now=utcnow())


async def list_refunds(desk: PaymentsResources, reference: str) -> list[ProviderRefund]:
    """Return the refunds of a transaction at Paystack; none where it doesn't know the transaction.

    Raises:
        PaystackUnavailable: Paystack can't be asked.
    """
    try:
        return await desk.paystack.list_refunds(reference)
    except TransactionUnknown:
        return []


async def advance_refunds(desk: PaymentsResources) -> None:
    """Carry on every refund whose time has come."""
    while due := await desk.db.run(refunds.take_due_refunds, now=utcnow(), lease=_LEASE, limit=_BATCH):
        await asyncio.gather(*(_advance(desk, task) for task in due))
        if len(due) < _BATCH:
            return


async def _advance(desk: PaymentsResources, task: RefundTask) -> None:
    context.enter("", task.traceparent)
    with telemetry.span("advance refund", parent=task.traceparent):
        await _look_and_send(desk, task)


async def _look_and_send(desk: PaymentsResources, task: RefundTask) -> None:
    try:
        await look_at_refunds(desk, task.reference)
        if await desk.db.run(refunds.plan_send, refund_id=task.refund_id, now=utcnow(), grace=_SILENCE):
            await _send(desk, task)
    except Unavailable as error:
        log.warning("refund_waits", refund_id=str(task.refund_id), error=error.code)
    finally:
        await desk.db.run(refunds.plan_next_look, refund_id=task.refund_id, now=utcnow())


async def _send(desk: PaymentsResources, task: RefundTask) -> None:
    try:
        made = await _ask(desk, task)
    except PaystackRefused as error:
        log.warning("refund_refused", refund_id=str(task.refund_id), reason=str(error))
        failure = str(error) or "refused"
        await desk.db.run(refunds.fail_refund, reference=task.reference, refund_id=task.refund_id, failure=failure)
    except AnswerLost as error:
        after = utcnow() + (_AFTER_ERROR if error.answered else _SILENCE)
        await desk.db.run(refunds.plan_resend, refund_id=task.refund_id, after=after)
        raise
    except PaystackUnavailable:
        await desk.db.run(refunds.plan_resend, refund_id=task.refund_id, after=None)
        raise
    else:
        await desk.db.run(refunds.record_provider_refunds, reference=task.reference, found=[made], now=utcnow())


async def _ask(desk: PaymentsResources, task: RefundTask) -> ProviderRefund:
    return await desk.paystack.create_refund(
        reference=task.reference, amount=task.amount, currency=task.currency, note=refund_note(task.refund_id)
    )
