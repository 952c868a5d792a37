"""Placing an order: what is checked before stock is reserved, and the one transaction that makes it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import OrderCreated, OrderLine
from shopsite_common.outbox import emit
from shopsite_orders.domain.numbers import order_number
from shopsite_orders.domain.standing import Status, Step
from shopsite_orders.domain.sums import SoldLine, total_of
from shopsite_orders.domain.views import OrderView
from shopsite_orders.errors import AccountErased, CartLineAlreadyOrdered, ReservationVoided, TooManyUnpaidOrders
from shopsite_orders.models import Order
from shopsite_orders.repository import placing as repository
from shopsite_orders.service.reading import get_view
from shopsite_orders.service.recording import Actor, Occasion, write_step


@dataclass(frozen=True)
class Draft:
    """An order that is about to be: who wants what where, at the prices at which it was reserved."""

    order_id: UUID
    customer_id: UUID
    customer_email: str
    shipping_address: str
    billing_address: str
    currency: str
    lines: Sequence[SoldLine]


def check_allowance(session: Session, *, customer_id: UUID, cart_line_ids: Sequence[UUID], max_unpaid: int) -> None:
    """Refuse a checkout that could not end well, before stock is set aside for it.

    Raises:
        AccountErased: the customer's account was erased.
        CartLineAlreadyOrdered: the cart was ordered already.
        TooManyUnpaidOrders: the customer has too many.
    """
    found = repository.read_allowance(session, customer_id=customer_id, cart_line_ids=cart_line_ids)
    if found.erased:
        raise AccountErased
    if found.ordered:
        raise CartLineAlreadyOrdered
    if found.unpaid >= max_unpaid:
        raise TooManyUnpaidOrders


def place_order(session: Session, *, draft: Draft, term: timedelta, max_unpaid: int) -> OrderView:
    """Make an order of a reservation: the order, its items, its history and ``OrderCreated`` in one transaction.

    Raises:
        ReservationVoided: the catalog has given the stock to others.
        AccountErased, CartLineAlreadyOrdered, TooManyUnpaidOrders: as for :func:`check_allowance`.
    """
    now = utcnow()
    repository.lock_customer(session, draft.customer_id)
    lines = [line.cart_line_id for line in draft.lines]
    check_allowance(session, customer_id=draft.customer_id, cart_line_ids=lines, max_unpaid=max_unpaid)
    if repository.claim_id(session, order_id=draft.order_id, kind="order", now=now) != "order":
        raise ReservationVoided
    order = _insert(session, draft, now=now, due_at=now + term)
    if repository.insert_items(session, order_id=order.id, lines=draft.lines) != len(draft.lines):
        raise CartLineAlreadyOrdered
    occasion = Occasion(Actor("customer", draft.customer_id), now)
    write_step(session, order, Step(Status.CREATED, "Order placed, stock reserved"), occasion)
    session.flush()
    emit(session, _created(order, draft.lines))
    return get_view(session, order_id=order.id)


def void_reservation(session: Session, *, order_id: UUID) -> bool:
    """Make sure that an id never becomes an order; False if it is one already."""
    return repository.claim_id(session, order_id=order_id, kind="voided", now=utcnow()) == "voided"


def _insert(session: Session, draft: Draft, *, now: datetime, due_at: datetime) -> Order:
    order = Order(
        id=draft.order_id,
        number=order_number(now, secrets.choice),
        customer_id=draft.customer_id,
        customer_email=draft.customer_email,
        status=Status.CREATED.value,
        total=total_of(draft.lines),
        currency=draft.currency,
        shipping_address=draft.shipping_address,
        billing_address=draft.billing_address,
        payment_due_at=due_at,
        created_at=now,
        updated_at=now,
    )
    while not repository.insert_order(session, order.model_dump()):
        order.number = order_number(now, secrets.choice)  # one in a thousand million: that number is taken
    return order


def _created(order: Order, lines: Sequence[SoldLine]) -> OrderCreated:
    return OrderCreated(
        order_id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        items=[OrderLine(**vars(line), subtotal=line.subtotal) for line in lines],
        total=order.total,
        currency=order.currency,
        created_at=order.created_at,
        payment_due_at=order.payment_due_at,
    )
