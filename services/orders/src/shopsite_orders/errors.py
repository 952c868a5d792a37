"""What can go wrong with an order. The codes are stable: clients branch on them."""

from shopsite_common.errors import Conflict, NotAuthenticated, NotFound, ValidationFailed


class OrderNotFound(NotFound):
    """No such order, or it is somebody else's."""

    message = "There is no such order."


class CartEmpty(ValidationFailed):
    """There is nothing to order."""

    code = "cart_empty"
    message = "The cart is empty."


class OutOfStock(Conflict):
    """Something is wanted that is not there; ``details`` maps products to what is available."""

    code = "out_of_stock"
    message = "There is not enough in stock."


class TotalChanged(Conflict):
    """The prices are no longer those that the customer has seen; ``details`` has the new total."""

    code = "total_changed"
    message = "The total has changed."


class ReservationVoided(Conflict):
    """It took so long that the stock was given to others: nothing was ordered, and trying again is right."""

    code = "reservation_voided"
    message = "The reservation has ended. Please try again."


class CartLineAlreadyOrdered(Conflict):
    """Another checkout of the same cart was faster."""

    code = "cart_line_already_ordered"
    message = "This cart has been ordered already."


class TooManyUnpaidOrders(Conflict):
    """The customer has as many unpaid orders as one may have."""

    code = "too_many_unpaid_orders"
    message = "Pay or cancel your unpaid orders first."


class AccountErased(NotAuthenticated):
    """The account was erased while its last token still lives."""

    code = "account_erased"
    message = "This account no longer exists."


class NotCancellable(Conflict):
    """The order is past the point where it can be cancelled."""

    code = "order_not_cancellable"
    message = "This order can no longer be cancelled."


class NotShippable(Conflict):
    """The order is not paid, or has left already."""

    code = "order_not_shippable"
    message = "Only a paid order that has not left can be shipped."


class RefundUnderWay(Conflict):
    """All of the order's money is going back."""

    code = "refund_under_way"
    message = "The order's money is being refunded, so it cannot be shipped."


class ShippingBlocked(Conflict):
    """The payment is disputed or was refunded outside of the shop."""

    code = "shipping_blocked"
    message = "The order's payment is disputed, so it cannot be shipped."


class NotCompletable(Conflict):
    """The order has not been shipped, or is at its end."""

    code = "order_not_completable"
    message = "Only a shipped order can be completed."


class PeriodRefused(ValidationFailed):
    """A report of these days can't be made."""

    @classmethod
    def because(cls, sentence: str) -> "PeriodRefused":
        """Return the error with the reason, under the field that begins the period."""
        return cls(details={"from": [sentence]})
