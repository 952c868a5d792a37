"""Writing down what a rule decided: the row, its history, the events, all in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common import context
from shopsite_common.events import (
    EventData,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderLine,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
    PaymentSucceeded,
)
from shopsite_common.outbox import emit
from shopsite_orders.domain.standing import FINAL, Change, Reason, Standing, Status, Step, Told
from shopsite_orders.models import HistoryEntry, Order
from shopsite_orders.repository import standing as repository

ANONYMOUS = "[erased]"
_TELLS: Mapping[Told, type[EventData]] = {
    Told.PAID: OrderPaid,
    Told.CANCELLED: OrderCancelled,
    Told.SHIPPED: OrderShipped,
    Told.COMPLETED: OrderCompleted,
    Told.REFUNDED: OrderRefunded,
}


@dataclass(frozen=True)
class Actor:
    """Who takes a step: ``customer``, ``admin``, ``payments`` or ``system``; people with their account."""

    name: str
    id: UUID | None = None


SYSTEM = Actor("system")
PAYMENTS = Actor("payments")


@dataclass(frozen=True)
class Occasion:
    """What a change comes from.

    Attributes:
        details: particulars for the timeline, without personal data.
        payment: the payment that bought the order, where that is what happened.
    """

    actor: Actor
    now: datetime
    details: dict[str, Any] = field(default_factory=dict)
    payment: PaymentSucceeded | None = None


def standing_of(order: Order) -> Standing:
    """Return what the rules look at."""
    return Standing(
        status=Status(order.status),
        bought=order.bought,
        money=order.money,
        held=order.held,
        held_until=order.held_until,
        shipping_blocked=order.shipping_blocked,
        refund_pending=order.refund_pending,
        fully_refunded=order.fully_refunded,
        cancel_reason=Reason(order.cancel_reason) if order.cancel_reason else None,
    )


def apply_change(session: Session, order: Order, change: Change, occasion: Occasion) -> None:
    """Write the new standing, a history entry a step, and what the others are told."""
    before = order.status
    _write_standing(order, change.standing)
    for step in change.steps:
        write_step(session, order, step, occasion)
    if change.steps or before != order.status:
        order.updated_at = occasion.now
    if order.erase_when_final and Status(order.status) in FINAL:
        erase_person(order)
    session.flush()
    emit(session, *_events(session, order, change.steps, occasion))


def _write_standing(order: Order, standing: Standing) -> None:
    order.status = standing.status.value
    order.bought, order.money = standing.bought, standing.money
    order.held, order.held_until = standing.held, standing.held_until
    order.shipping_blocked, order.refund_pending = standing.shipping_blocked, standing.refund_pending
    order.fully_refunded = standing.fully_refunded
    order.cancel_reason = standing.cancel_reason.value if standing.cancel_reason else None


def write_step(session: Session, order: Order, step: Step, occasion: Occasion) -> None:
    """Add a step to the history that everybody sees, with the event that tells the others of it."""
    kind = f"order_{step.told or step.status.lower()}"
    write_entry(
        session, order, kind=kind, text=step.note, occasion=occasion, status=step.status, in_history=True,
        published=_published(step),
    )  # fmt: skip


def write_entry(
    session: Session,
    order: Order,
    *,
    kind: str,
    text: str,
    occasion: Occasion,
    status: str | None = None,
    in_history: bool = False,
    public: bool = True,
    published: str = "",
) -> None:
    """Add to an order's story.

    Args:
        in_history: it belongs to the order's history, not only to its timeline.
        public: the customer sees it too.
        published: the routing key of the event that tells of it.
    """
    entry = HistoryEntry(
        order_id=order.id,
        at=occasion.now,
        kind=kind,
        status=status or order.status,
        actor=occasion.actor.name,
        actor_id=occasion.actor.id,
        text=text,
        details={**occasion.details, **_messages(published)},
        trace_id=context.trace_id_of(context.traceparent.get()),
        in_history=in_history,
        public=public,
    )
    repository.add_entry(session, entry)


def _published(step: Step) -> str:
    """Return the routing key of what a step tells; the first one of an order tells that it was created."""
    if step.told is not None:
        return _TELLS[step.told].binding_key()
    return OrderCreated.binding_key() if step.status is Status.CREATED else ""


def _messages(published: str) -> dict[str, str]:
    """Return what an entry comes from and what it tells, for admins."""
    found = {"consumed": context.consumed.get(), "published": published}
    return {name: key for name, key in found.items() if key}


def erase_person(order: Order) -> None:
    """Take the person out of an order that stays."""
    order.customer_email = order.shipping_address = order.billing_address = ANONYMOUS
    order.erase_when_final = False


def lines_of(session: Session, order_id: UUID) -> list[OrderLine]:
    """Return an order's items as events carry them."""
    return [
        OrderLine(
            product_id=item.product_id,
            cart_line_id=item.cart_line_id,
            name=item.name,
            unit_price=item.unit_price,
            quantity=item.quantity,
            subtotal=item.subtotal,
        )
        for item in repository.list_items(session, order_id)
    ]


def _events(session: Session, order: Order, steps: Sequence[Step], occasion: Occasion) -> list[EventData]:
    told = [step for step in steps if step.told is not None]
    if not told:
        return []
    common = {
        "order_id": order.id,
        "number": order.number,
        "customer_id": order.customer_id,
        "items": lines_of(session, order.id),
        "total": order.total,
        "currency": order.currency,
    }
    return [_event(order, step, occasion, common) for step in told]


def _event(order: Order, step: Step, occasion: Occasion, common: dict[str, Any]) -> EventData:
    now = occasion.now
    if step.told is Told.PAID and occasion.payment is not None:
        money = occasion.payment
        return OrderPaid(
            **common,
            payment_id=money.payment_id,
            reference=money.reference,
            channel=money.channel,
            paid_at=money.paid_at,
        )
    if step.told is Told.CANCELLED:
        reason = order.cancel_reason or Reason.ADMIN.value
        return OrderCancelled(**common, reason=reason, paid=step.paid, cancelled_at=now)
    if step.told is Told.SHIPPED:
        return OrderShipped(**common, tracking_number=order.tracking_number, carrier=order.carrier, shipped_at=now)
    if step.told is Told.REFUNDED:
        return OrderRefunded(**common, restock=step.restock, refunded_at=now)
    return OrderCompleted(order_id=order.id, number=order.number, customer_id=order.customer_id, completed_at=now)
