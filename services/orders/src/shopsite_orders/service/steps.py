"""Steps that people and the clock take: cancelling, shipping, completing, expiring."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from shopsite_common.audit import record_action
from shopsite_common.clock import utcnow
from shopsite_orders.domain import standing as rules
from shopsite_orders.domain.standing import Reason
from shopsite_orders.domain.views import OrderView
from shopsite_orders.errors import OrderNotFound
from shopsite_orders.models import Order
from shopsite_orders.repository import standing as repository
from shopsite_orders.service.reading import get_view
from shopsite_orders.service.recording import SYSTEM, Actor, Occasion, apply_change, standing_of, write_entry

BATCH = 100
_FORGOTTEN_AFTER = timedelta(minutes=1)


def cancel_order(session: Session, *, order_id: UUID, user_id: UUID, is_admin: bool) -> OrderView:
    """Cancel an order that has not left; the stock comes back, what was paid is refunded.

    Raises:
        OrderNotFound: there is none, or it is somebody else's.
        NotCancellable: it has left or ended.
    """
    order = _lock(session, order_id)
    own = order.customer_id == user_id
    if not own and not is_admin:
        raise OrderNotFound
    reason, actor = (Reason.CUSTOMER, "customer") if own else (Reason.ADMIN, "admin")
    change = rules.cancel(standing_of(order), reason=reason)
    apply_change(session, order, change, Occasion(Actor(actor, user_id), utcnow()))
    if not own:
        _audit(session, order, user_id, "order.cancel")
    return get_view(session, order_id=order_id)


def check_shippable(session: Session, *, order_id: UUID) -> None:
    """Refuse what can't be shipped as far as this service knows.

    Raises:
        OrderNotFound: there is no such order.
        NotShippable, RefundUnderWay, ShippingBlocked: why it can't be.
    """
    order = repository.find_order(session, order_id)
    if order is None:
        raise OrderNotFound
    rules.ship(standing_of(order))


def ship_order(
    session: Session, *, order_id: UUID, admin_id: UUID, tracking_number: str | None, carrier: str | None
) -> OrderView:
    """Note that an order is on its way.

    Raises:
        OrderNotFound, NotShippable, RefundUnderWay, ShippingBlocked: as for :func:`check_shippable`.
    """
    order = _lock(session, order_id)
    change = rules.ship(standing_of(order))
    order.tracking_number, order.carrier = tracking_number, carrier
    details = {"tracking_number": tracking_number, "carrier": carrier}
    apply_change(session, order, change, Occasion(Actor("admin", admin_id), utcnow(), details))
    _audit(session, order, admin_id, "order.ship")
    return get_view(session, order_id=order_id)


def complete_order(session: Session, *, order_id: UUID, admin_id: UUID) -> OrderView:
    """Note that an order has arrived.

    Raises:
        OrderNotFound: there is no such order.
        NotCompletable: it was not shipped, or has ended.
    """
    order = _lock(session, order_id)
    change = rules.complete(standing_of(order))
    apply_change(session, order, change, Occasion(Actor("admin", admin_id), utcnow()))
    _audit(session, order, admin_id, "order.complete")
    return get_view(session, order_id=order_id)


def release_order(session: Session, *, order_id: UUID) -> None:
    """Let an order be shipped again whose payment was disputed, once an admin has looked into it.

    Raises:
        OrderNotFound: there is no such order.
    """
    order = _lock(session, order_id)
    occasion = Occasion(Actor("admin"), utcnow())
    apply_change(session, order, rules.release_shipping(standing_of(order)), occasion)
    write_entry(session, order, kind="shipping_released", text="Shipping is free again", occasion=occasion)


def cancel_overdue(session: Session, *, now: datetime, limit: int = BATCH) -> int:
    """Cancel unpaid orders whose time is over, at most ``limit``; return how many were looked at."""
    orders = repository.take_overdue(session, now=now, limit=limit)
    for order in orders:
        change = rules.expire(standing_of(order), due_at=order.payment_due_at, now=now)
        if change is not None:
            apply_change(session, order, change, Occasion(SYSTEM, now))
    return len(orders)


def list_forgotten(session: Session) -> Sequence[UUID]:
    """Return unpaid orders whose time was over a minute ago, and which nobody has ended."""
    return repository.list_overdue(session, now=utcnow() - _FORGOTTEN_AFTER)


def _lock(session: Session, order_id: UUID) -> Order:
    order = repository.find_locked(session, order_id)
    if order is None:
        raise OrderNotFound
    return order


def _audit(session: Session, order: Order, actor_id: UUID, action: str) -> None:
    record_action(
        session,
        actor_id=actor_id,
        action=action,
        object_type="order",
        object_id=order.id,
        changes={"number": order.number, "status": order.status},
    )
