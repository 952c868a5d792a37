"""The events of payments, made from its rows."""

from typing import Any, Literal

from shopsite_common.events import (
    PaymentFailed,
    PaymentHeld,
    PaymentInitiated,
    PaymentNews,
    PaymentRefunded,
    PaymentReleased,
    PaymentSucceeded,
    RefundFailed,
    RefundStarted,
)
from shopsite_payments.models import Payment, PaymentAttempt, Refund

HoldReason = Literal["amount_mismatch", "disputed", "external_refund"]


def _about(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "order_id": payment.order_id,
        "customer_id": payment.customer_id,
        "reference": payment.reference,
        "amount": payment.amount,
        "currency": payment.currency,
    }


def payment_initiated(payment: Payment) -> PaymentInitiated:
    """Return the event of a page that is open for the customer."""
    return PaymentInitiated(**_about(payment))


def payment_succeeded(payment: Payment, brought_by: PaymentNews) -> PaymentSucceeded:
    """Return the event of money that is here and fits."""
    paid_at = payment.paid_at or payment.updated_at
    return PaymentSucceeded(**_about(payment), channel=payment.channel, paid_at=paid_at, brought_by=brought_by)


def payment_failed(payment: Payment, reason: str) -> PaymentFailed:
    """Return the event of a declined attempt."""
    return PaymentFailed(**_about(payment), reason=reason or "The payment was declined.")


def payment_held(payment: Payment, reason: HoldReason) -> PaymentHeld:
    """Return the event of money that an admin has to look at; a dispute has no term of ours."""
    return PaymentHeld(
        **_about(payment),
        paid_amount=payment.amount if payment.paid_amount is None else payment.paid_amount,
        paid_currency=payment.paid_currency or payment.currency,
        reason=reason,
        held_until=payment.held_until if reason == "amount_mismatch" else None,
    )


def payment_released(payment: Payment, reference: str) -> PaymentReleased:
    """Return the event of a won dispute about the attempt of that reference."""
    return PaymentReleased(payment_id=payment.id, order_id=payment.order_id, reference=reference)


def _of_refund(payment: Payment, attempt: PaymentAttempt, refund: Refund, *, full: bool) -> dict[str, Any]:
    return {
        **_about(payment),
        "refund_id": refund.id,
        "reference": attempt.reference,
        "amount": refund.amount,
        "currency": refund.currency,
        "reason": refund.reason,
        "full": full,
    }


def refund_started(payment: Payment, attempt: PaymentAttempt, refund: Refund) -> RefundStarted:
    """Return the event of money that begins to go back."""
    return RefundStarted(**_of_refund(payment, attempt, refund, full=refund.full))


def payment_refunded(payment: Payment, attempt: PaymentAttempt, refund: Refund, *, full: bool) -> PaymentRefunded:
    """Return the event of money that is back; ``full``: with it all that was paid for the order."""
    return PaymentRefunded(**_of_refund(payment, attempt, refund, full=full))


def refund_failed(payment: Payment, attempt: PaymentAttempt, refund: Refund) -> RefundFailed:
    """Return the event of money that doesn't go back by itself."""
    status: Any = refund.status.value
    return RefundFailed(**_of_refund(payment, attempt, refund, full=refund.full), status=status)
