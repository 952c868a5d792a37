"""What can go wrong with a payment, with stable codes."""

from collections.abc import Mapping
from typing import Any

from shopsite_common.errors import Conflict, NotAuthenticated, NotFound, Unavailable


class OrderAlreadyPaid(Conflict):
    """The order's money is here."""

    code = "order_already_paid"
    message = "This order is already paid."


class OrderNotPayable(Conflict):
    """The order has ended: nothing is bought by paying it."""

    code = "order_not_payable"
    message = "This order is cancelled or refunded and cannot be paid any more."


class PaymentOnHold(Conflict):
    """Money arrived that does not fit the order; an admin decides first."""

    code = "payment_held"
    message = "A payment for this order is held until we have looked at it."


class AmountNotPayable(Conflict):
    """Paystack does not take such a total."""

    code = "amount_not_payable"
    message = "The order's total is outside of what the payment provider accepts."


class PaymentRefused(Conflict):
    """Paystack does not want this transaction; trying again changes nothing."""

    code = "payment_refused"
    message = "The payment provider refused to begin this payment."


class NotRefundable(Conflict):
    """Nothing has arrived that could go back, or all of it is on its way."""

    code = "not_refundable"
    message = "There is nothing left of this payment to refund."


class RefundTooLarge(Conflict):
    """More than is left of what was paid."""

    code = "refund_too_large"
    message = "The amount is more than is left of this payment."


class RefundNotRepeatable(Conflict):
    """Only a refund that failed can be started again."""

    code = "refund_not_repeatable"
    message = "Only a failed refund can be repeated."


class UnknownOrder(NotFound):
    """No such order, or another customer's."""

    message = "There is no such order."


class UnknownPayment(NotFound):
    """No such payment, or another customer's."""

    message = "There is no such payment."


class UnknownReference(NotFound):
    """No attempt of ours has this reference."""

    message = "There is no payment with this reference."


class InvalidSignature(NotAuthenticated):
    """The body was not signed with our key."""

    code = "invalid_signature"
    message = "The signature is missing or wrong."


class PaymentBeingOpened(Unavailable):
    """Another request opens the transaction at this moment."""

    code = "payment_being_opened"
    message = "This payment is being prepared. Please try again shortly."


class PaystackUnavailable(Unavailable):
    """Paystack is down, overloaded, or answers what can't be read; nothing has happened there."""

    code = "payment_provider_unavailable"
    message = "The payment provider is not available right now. Please try again shortly."


class AnswerLost(PaystackUnavailable):
    """The call was sent and its answer did not come: it may have been done, or may yet be.

    Attributes:
        answered: Paystack (or who stands before it) did answer, with an error of its own.
    """

    def __init__(self, *, answered: bool) -> None:
        super().__init__()
        self.answered = answered


class PaystackRefused(Exception):
    """Paystack understood a call and turned it down. Its words are for our log, never for a client's eyes."""

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class TransactionUnknown(PaystackRefused):
    """Paystack has no transaction of this reference."""
