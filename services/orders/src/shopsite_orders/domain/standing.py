"""Where an order stands, and what may come next.

Every rule takes an order's standing and returns the change: the new standing and its steps, each with what others must
be told of it. Rules about money from outside never refuse, because what has happened has happened; those about wishes
(cancel, ship, complete) raise. Events of payments may come in any order and more than once: each rule looks at what is
known, not at what came last.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shopsite_orders.errors import NotCancellable, NotCompletable, NotShippable, RefundUnderWay, ShippingBlocked


class Status(StrEnum):
    """The status that everybody sees."""

    CREATED = "CREATED"
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.PENDING, Status.PROCESSING, Status.CANCELLED}),
    Status.PENDING: frozenset({Status.PROCESSING, Status.CANCELLED}),
    Status.PROCESSING: frozenset({Status.SHIPPED, Status.CANCELLED, Status.REFUNDED}),
    Status.SHIPPED: frozenset({Status.COMPLETED, Status.REFUNDED}),
    Status.COMPLETED: frozenset({Status.REFUNDED}),
    Status.CANCELLED: frozenset({Status.REFUNDED}),
    Status.REFUNDED: frozenset(),
}
UNPAID = frozenset({Status.CREATED, Status.PENDING})
FINAL = frozenset({Status.COMPLETED, Status.CANCELLED, Status.REFUNDED})
"""No parcel leaves any more, so the addresses of an erased customer can go."""


class Reason(StrEnum):
    """Why an order was cancelled."""

    CUSTOMER = "customer"
    ADMIN = "admin"
    UNPAID = "unpaid"
    PAYMENT_HELD = "payment_held"
    ACCOUNT_DELETED = "account_deleted"


class Told(StrEnum):
    """What a step tells the other services."""

    PAID = "paid"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    REFUNDED = "refunded"


@dataclass(frozen=True)
class Standing:
    """All that the rules look at.

    Attributes:
        bought: its money came in time and buys it.
        money: some money came for it, in time or late, right or wrong.
        held: money came that isn't what the order asks; the deadline rests until ``held_until``, if that is known.
        shipping_blocked: the payment is disputed, or was refunded outside of the shop.
        refund_pending: refunds under way or done take all that was paid.
        fully_refunded: all that was paid has gone back.
    """

    status: Status = Status.CREATED
    bought: bool = False
    money: bool = False
    held: bool = False
    held_until: datetime | None = None
    shipping_blocked: bool = False
    refund_pending: bool = False
    fully_refunded: bool = False
    cancel_reason: Reason | None = None


@dataclass(frozen=True)
class Step:
    """One step of an order.

    Attributes:
        status: the status after it.
        told: what the others are told, if anything.
        paid: for CANCELLED, that money has come and is to be returned.
        restock: for REFUNDED, that the stock returns now.
    """

    status: Status
    note: str
    told: Told | None = None
    paid: bool = False
    restock: bool = False


@dataclass(frozen=True)
class Change:
    """What a rule decided."""

    standing: Standing
    steps: tuple[Step, ...] = ()


def begin_payment(standing: Standing) -> Change:
    """The customer has a page to pay on. Too late or again, it changes nothing."""
    if standing.status is not Status.CREATED:
        return Change(standing)
    return _moved(standing, Step(Status.PENDING, "Payment begun"))


def receive_payment(standing: Standing) -> Change:
    """The whole amount has arrived: it buys an unpaid order, and goes back from one that has ended without it."""
    if standing.status in UNPAID:
        paid = replace(standing, bought=True, money=True, held=False, held_until=None)
        return _after_refunds(_moved(paid, Step(Status.PROCESSING, "Payment received", Told.PAID)))
    if standing.status in {Status.CANCELLED, Status.REFUNDED} and not standing.bought:
        return _return_late_money(standing)
    return Change(standing)


def hold_payment(standing: Standing, *, until: datetime | None) -> Change:
    """Money has arrived that isn't what the order asks: it waits for an admin, its deadline rests."""
    if standing.status in UNPAID:
        held = replace(standing, money=True, held=True, held_until=until)
        pending = begin_payment(held)
        return _after_refunds(Change(pending.standing, pending.steps))
    if standing.status in {Status.CANCELLED, Status.REFUNDED} and not standing.bought:
        return _return_late_money(standing)
    return Change(standing)


def block_shipping(standing: Standing) -> Change:
    """The payment is disputed, or was refunded outside of the shop."""
    return Change(replace(standing, shipping_blocked=True))


def release_shipping(standing: Standing) -> Change:
    """The dispute was won, or an admin has looked into the matter."""
    return Change(replace(standing, shipping_blocked=False))


def note_refunds(standing: Standing, *, pending: bool, complete: bool) -> Change:
    """Refunds have begun, failed or been processed.

    Args:
        pending: those under way or done take all that was paid.
        complete: all that was paid has gone back.
    """
    noted = replace(standing, refund_pending=pending, fully_refunded=standing.fully_refunded or complete)
    return _after_refunds(Change(noted))


def cancel(standing: Standing, *, reason: Reason) -> Change:
    """End the order before it has left; what has been paid goes back.

    Raises:
        NotCancellable: it has left, or has ended.
    """
    if Status.CANCELLED not in NEXT[standing.status]:
        raise NotCancellable
    ended = replace(standing, held=False, held_until=None, cancel_reason=reason)
    step = Step(Status.CANCELLED, _CANCEL_NOTES[reason], Told.CANCELLED, paid=standing.money)
    return _after_refunds(_moved(ended, step))


def expire(standing: Standing, *, due_at: datetime, now: datetime) -> Change | None:
    """End an order whose time to be paid, or whose money's time to be looked at, is over; None if it isn't."""
    if standing.status not in UNPAID:
        return None
    if standing.held:
        over = standing.held_until is not None and standing.held_until <= now
        return cancel(standing, reason=Reason.PAYMENT_HELD) if over else None
    return cancel(standing, reason=Reason.UNPAID) if due_at <= now else None


def ship(standing: Standing) -> Change:
    """Send the order.

    Raises:
        NotShippable: it isn't paid, or has left or ended.
        RefundUnderWay: all of its money is going back.
        ShippingBlocked: its payment is disputed.
    """
    if Status.SHIPPED not in NEXT[standing.status]:
        raise NotShippable
    if standing.refund_pending or standing.fully_refunded:
        raise RefundUnderWay
    if standing.shipping_blocked:
        raise ShippingBlocked
    return _moved(standing, Step(Status.SHIPPED, "Shipped", Told.SHIPPED))


def complete(standing: Standing) -> Change:
    """The order has arrived.

    Raises:
        NotCompletable: it was not shipped, or has ended.
    """
    if Status.COMPLETED not in NEXT[standing.status]:
        raise NotCompletable
    return _moved(standing, Step(Status.COMPLETED, "Completed", Told.COMPLETED))


_CANCEL_NOTES = {
    Reason.CUSTOMER: "Cancelled by the customer",
    Reason.ADMIN: "Cancelled by the shop",
    Reason.UNPAID: "Not paid in time",
    Reason.PAYMENT_HELD: "The payment did not match the order",
    Reason.ACCOUNT_DELETED: "The account was deleted",
}


def _moved(standing: Standing, step: Step, *before: Step) -> Change:
    return Change(replace(standing, status=step.status), (*before, step))


def _return_late_money(standing: Standing) -> Change:
    # payments returns money on OrderCancelled with paid, so an ended order says it once more
    step = Step(standing.status, "Money came after the end and is returned", Told.CANCELLED, paid=True)
    return _after_refunds(Change(replace(standing, money=True), (step,)))


def _after_refunds(change: Change) -> Change:
    """Draw the consequence of a full refund, which may be known before that what it follows."""
    standing = change.standing
    if not standing.fully_refunded or standing.status is Status.REFUNDED:
        return change
    if standing.status in UNPAID:
        if not standing.held:
            return change  # the payment's own event is still under way; it comes here again
        ended = cancel(standing, reason=Reason.PAYMENT_HELD)
        return Change(ended.standing, (*change.steps, *ended.steps))
    restock = standing.status is Status.PROCESSING
    step = Step(Status.REFUNDED, "Refunded", Told.REFUNDED, restock=restock)
    return _moved(replace(standing, refund_pending=False), step, *change.steps)
