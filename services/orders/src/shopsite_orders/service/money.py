"""What payments tells of an order's money. Events may come in any order; each use case holds the order's row."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import (
    PaymentFailed,
    PaymentHeld,
    PaymentInitiated,
    PaymentRefunded,
    PaymentReleased,
    PaymentSucceeded,
    RefundFailed,
    RefundStarted,
)
from shopsite_orders.domain import standing as rules
from shopsite_orders.domain.sums import DUPLICATE, RefundState, sum_refunds
from shopsite_orders.errors import OrderNotFound
from shopsite_orders.models import Order
from shopsite_orders.repository import standing as repository
from shopsite_orders.service.recording import PAYMENTS, Occasion, apply_change, standing_of, write_entry

_HOLD_NOTES = {
    "amount_mismatch": "The payment differs from what the order asks; the shop looks into it",
    "disputed": "The payment is disputed",
    "external_refund": "The payment was refunded outside of the shop",
}


def note_payment_begun(session: Session, *, payment: PaymentInitiated) -> None:
    """CREATED becomes PENDING; anything later stays."""
    order = _lock(session, payment.order_id)
    occasion = _occasion({"reference": payment.reference})
    write_entry(session, order, kind="payment_begun", text="Payment page opened", occasion=occasion)
    apply_change(session, order, rules.begin_payment(standing_of(order)), occasion)


def receive_payment(session: Session, *, payment: PaymentSucceeded) -> None:
    """The money buys the order, or is sent back if the order has ended."""
    order = _lock(session, payment.order_id)
    details = {
        "reference": payment.reference,
        "channel": payment.channel,
        "brought_by": payment.brought_by,
        "amount": f"{payment.amount:.2f}",
        "currency": payment.currency,
    }
    change = rules.receive_payment(standing_of(order))
    if change.standing.bought and not order.bought:
        order.paid_at = payment.paid_at
    # what was refunded counts from now on: until here nobody knew that there was anything to refund
    apply_change(session, order, change, _occasion(details, payment))
    _apply_refunds(session, order, _occasion(details))


def note_payment_failed(session: Session, *, payment: PaymentFailed) -> None:
    """Write down a declined attempt; the order waits for another."""
    order = _lock(session, payment.order_id)
    occasion = _occasion({"reference": payment.reference, "reason": payment.reason})
    text = f"Payment declined: {payment.reason}"[:500]
    write_entry(session, order, kind="payment_failed", text=text, occasion=occasion, in_history=True)


def hold_payment(session: Session, *, payment: PaymentHeld, sequence: int) -> None:
    """Money of a wrong amount rests the deadline of an unpaid order; a dispute keeps a paid one from leaving."""
    order = _lock(session, payment.order_id)
    details: dict[str, Any] = {
        "reference": payment.reference,
        "reason": payment.reason,
        "paid_amount": f"{payment.paid_amount:.2f}",
        "paid_currency": payment.paid_currency,
    }
    occasion = _occasion(details)
    kind = "payment_held" if payment.reason == "amount_mismatch" else "payment_disputed"
    write_entry(session, order, kind=kind, text=_HOLD_NOTES[payment.reason], occasion=occasion)
    standing = standing_of(order)
    if payment.reason == "amount_mismatch":
        apply_change(session, order, rules.hold_payment(standing, until=payment.held_until), occasion)
    elif _is_news(order, sequence):
        apply_change(session, order, rules.block_shipping(standing), occasion)


def release_payment(session: Session, *, payment: PaymentReleased, sequence: int) -> None:
    """Nothing stands against the payment any more: the order can leave, unless it was contested anew since."""
    order = _lock(session, payment.order_id)
    occasion = _occasion({"reference": payment.reference})
    write_entry(session, order, kind="shipping_released", text="The dispute has ended in our favour", occasion=occasion)
    if _is_news(order, sequence):
        apply_change(session, order, rules.release_shipping(standing_of(order)), occasion)


def _is_news(order: Order, sequence: int) -> bool:
    """Tell whether no later word on what stands against the payment is known, and remember this one."""
    if sequence <= order.contest_sequence:
        return False
    order.contest_sequence = sequence
    return True


def note_refund(session: Session, *, refund: RefundStarted | PaymentRefunded | RefundFailed, sequence: int) -> None:
    """Keep where a refund is, and draw the consequence for the order."""
    order = _lock(session, refund.order_id)
    state = _state_of(refund)
    occasion = _occasion(
        {
            "refund_id": str(refund.refund_id),
            "amount": f"{refund.amount:.2f}",
            "currency": refund.currency,
            "reason": refund.reason,
        }
    )
    kind, text = _REFUND_NOTES[type(refund)]
    write_entry(session, order, kind=kind, text=text, occasion=occasion, public=state is not RefundState.FAILED)
    values = {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "amount": refund.amount,
        "reason": refund.reason,
        "state": state.value,
        "full": refund.full and refund.reason != DUPLICATE,
        "sequence": sequence,
    }
    repository.keep_refund(session, values)
    _apply_refunds(session, order, occasion)


_REFUND_NOTES: dict[type[Any], tuple[str, str]] = {
    RefundStarted: ("refund_started", "Refund under way"),
    PaymentRefunded: ("refund_processed", "Refund processed"),
    RefundFailed: ("refund_failed", "Refund failed; the shop looks into it"),
}


def _state_of(refund: RefundStarted | PaymentRefunded | RefundFailed) -> RefundState:
    if isinstance(refund, PaymentRefunded):
        return RefundState.PROCESSED
    # one that needs attention is still on its way, so it still keeps the order from leaving
    failed = isinstance(refund, RefundFailed) and refund.status == "FAILED"
    return RefundState.FAILED if failed else RefundState.STARTED


def _apply_refunds(session: Session, order: Order, occasion: Occasion) -> None:
    sums = sum_refunds(repository.list_refunds(session, order.id), total=order.total, bought=order.bought)
    order.refunded = sums.refunded
    change = rules.note_refunds(standing_of(order), pending=sums.pending, complete=sums.complete)
    apply_change(session, order, change, occasion)


def _occasion(details: dict[str, Any], payment: PaymentSucceeded | None = None) -> Occasion:
    return Occasion(PAYMENTS, utcnow(), details, payment)


def _lock(session: Session, order_id: UUID) -> Order:
    order = repository.find_locked(session, order_id)
    if order is None:
        raise OrderNotFound(f"Payments told of the order {order_id}, which does not exist.")
    return order
