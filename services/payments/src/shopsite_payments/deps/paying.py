"""Beginning to pay an order: ask orders, reserve a reference, ask Paystack, store its page."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.deps.settling import first_check, settle
from shopsite_payments.domain.payments import OpenedTransaction, OrderSnapshot, check_order
from shopsite_payments.errors import (
    AnswerLost,
    PaymentBeingOpened,
    PaymentRefused,
    PaystackRefused,
    PaystackUnavailable,
    UnknownOrder,
)
from shopsite_payments.service import attempts
from shopsite_payments.service.attempts import Reservation

log = get_logger(__name__)

_LOOK_EVERY = 0.1
_LOOKS = 100
_LOST_SECONDS = 4.0


async def pay_order(
    desk: PaymentsResources, *, order_id: UUID, customer_id: UUID, callback_url: str
) -> OpenedTransaction:
    """Return the transaction in which the customer can pay; one order has one open at a time.

    When Paystack's answer is lost, the reference is burned: it is verified, watched on, and one new try is made.

    Raises:
        UnknownOrder: there is none, or it is another customer's.
        OrderNotPayable: it has ended (OrderAlreadyPaid, PaymentOnHold, AmountNotPayable: as they say).
        PaymentRefused: Paystack doesn't want it.
        Unavailable: orders or Paystack can't be asked.
    """
    order = await desk.orders.get_order(order_id)
    if order.customer_id != customer_id:
        raise UnknownOrder
    check_order(order)
    reservation = await _reserve(desk, order)
    if not reservation.ours:
        return reservation.opened or await _wait_for(desk, reservation.reference)
    try:
        return await _open(desk, order, reservation.reference, callback_url)
    except AnswerLost:
        await _look_at_lost(desk, reservation.reference)
    reservation = await _reserve(desk, order)
    if not reservation.ours:
        return reservation.opened or await _wait_for(desk, reservation.reference)
    return await _open(desk, order, reservation.reference, callback_url)


async def _reserve(desk: PaymentsResources, order: OrderSnapshot) -> Reservation:
    lease = timedelta(seconds=2 * desk.settings.paystack_timeout_seconds + 4)
    return await desk.db.run(
        attempts.reserve_attempt, order=order, now=utcnow(), lease=lease, check_after=first_check(desk)
    )


async def _wait_for(desk: PaymentsResources, reference: str) -> OpenedTransaction:
    """Wait until another request has opened the transaction, which takes one call to Paystack."""
    for _ in range(_LOOKS):
        if (opened := await desk.db.run(attempts.find_opened, reference=reference)) is not None:
            return opened
        await asyncio.sleep(_LOOK_EVERY)
    raise PaymentBeingOpened


async def _open(desk: PaymentsResources, order: OrderSnapshot, reference: str, callback_url: str) -> OpenedTransaction:
    try:
        opened = await desk.paystack.initialize(
            reference=reference,
            email=order.customer_email,
            amount=order.total,
            currency=order.currency,
            callback_url=callback_url,
            metadata=_metadata(order, f"{callback_url}?reference={reference}"),
        )
    except PaystackUnavailable as error:
        was_sent = isinstance(error, AnswerLost)
        await desk.db.run(attempts.give_up_attempt, reference=reference, watch=was_sent)
        raise
    except PaystackRefused as error:
        log.warning("payment_refused", reference=reference, reason=str(error))
        await desk.db.run(attempts.give_up_attempt, reference=reference, watch=False)
        raise PaymentRefused from error
    return await desk.db.run(attempts.store_opened, opened=opened)


def _metadata(order: OrderSnapshot, cancel_url: str) -> dict[str, Any]:
    shown = {"display_name": "Order", "variable_name": "order_number", "value": order.number}
    return {"order_id": str(order.order_id), "cancel_action": cancel_url, "custom_fields": [shown]}


async def _look_at_lost(desk: PaymentsResources, reference: str) -> None:
    # the customer waits, and the gateway with them for 30 s at most: the poller looks again and has more time
    try:
        async with asyncio.timeout(_LOST_SECONDS):
            await settle(desk, reference)
    except (Unavailable, TimeoutError) as error:
        log.warning("lost_attempt_unverified", reference=reference, error=type(error).__name__)
