"""Reservations: stock for an order, from the moment it is asked for to its sale or its return."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.domain.reservation import Change, Status, check_offer, merged, next_status
from shopsite_catalog.domain.stock import Movement
from shopsite_catalog.errors import OutOfStock, ReservationDiffers, ReservationVoided
from shopsite_catalog.repository import reservations, stock
from shopsite_catalog.schemas.reservations import LineOut, ReservationOut
from shopsite_catalog.service.announcing import announce_given_back, announce_taken
from shopsite_common.clock import utcnow
from shopsite_common.logs import get_logger

log = get_logger(__name__)

_REASON_OF_RETURN = {Change.CANCELLED: Movement.RETURN, Change.RESTOCKED: Movement.RETURN}


def reserve_stock(
    session: Session,
    *,
    order_id: UUID,
    customer_id: UUID,
    lines: Iterable[tuple[UUID, int]],
    expected_total: Decimal | None,
    hold: timedelta,
    currency: str,
) -> tuple[bool, ReservationOut]:
    """Take the stock of all lines, or of none; return whether it was taken now, and what is reserved.

    The same order again gets the same answer.

    Raises:
        OutOfStock: there is too little of some products.
        TotalChanged: they cost something else than expected.
        ReservationVoided: the stock of this order was given back before.
        ReservationDiffers: this order has reserved something else.
    """
    wanted, now = merged(lines), utcnow()
    made = reservations.begin(
        session, order_id=order_id, customer_id=customer_id, status=Status.HELD, at=now, expires_at=now + hold
    )
    if made:
        _take(session, wanted, order_id=order_id, customer_id=customer_id, expected_total=expected_total)
    answer = _answer(session, order_id, currency=currency)
    if {line.product_id: line.quantity for line in answer.lines} != wanted:
        raise ReservationDiffers
    return made, answer


def _take(
    session: Session, wanted: dict[UUID, int], *, order_id: UUID, customer_id: UUID, expected_total: Decimal | None
) -> None:
    offered = stock.lock_levels(session, list(wanted))
    check_offer(
        wanted,
        prices={row.id: row.price for row in offered},
        levels={row.id: row.stock for row in offered},
        expected_total=expected_total,
    )
    taken = stock.take_stock(session, wanted, order_id=order_id, actor=customer_id, at=utcnow())
    if len(taken) != len(wanted):  # the locks rule it out; the write is the guard all the same
        raise OutOfStock.of({row.id: row.stock for row in offered})
    announce_taken(session, taken, reason=Movement.RESERVATION.value)


def _answer(session: Session, order_id: UUID, *, currency: str) -> ReservationOut:
    row = reservations.find(session, order_id)
    if row.status == Status.RELEASED.value:
        raise ReservationVoided
    lines = [LineOut.model_validate(line) for line in reservations.lines_of(session, order_id)]
    return ReservationOut(order_id=order_id, currency=currency, expires_at=row.expires_at, lines=lines)


def give_back_reservation(session: Session, *, order_id: UUID) -> None:
    """Give a reservation back that its order will never use, and bar the id; an order that is known keeps it."""
    _move(session, order_id, Change.GIVEN_BACK)


def list_expired(session: Session, *, limit: int) -> Sequence[UUID]:
    """Return the orders whose stock was held long enough without a word from orders."""
    return reservations.list_expired(session, now=utcnow(), limit=limit)


def expire_reservation(session: Session, *, order_id: UUID) -> None:
    """Give a reservation back whose order can never come any more."""
    _move(session, order_id, Change.EXPIRED)


def confirm_reservation(session: Session, *, order_id: UUID, customer_id: UUID | None = None) -> None:
    """Let a reservation belong to its order: from now on only a cancellation or a refund frees it."""
    row, _ = _move(session, order_id, Change.ORDERED, customer_id=customer_id)
    if row.released_by in {Change.GIVEN_BACK.value, Change.EXPIRED.value}:
        log.error("order_without_stock", order_id=str(order_id), released_by=row.released_by)


def sell_reservation(session: Session, *, order_id: UUID, customer_id: UUID, product_ids: Iterable[UUID]) -> None:
    """Note that an order is paid: a sale, and the right to review what was bought."""
    row, moved = _move(session, order_id, Change.PAID, customer_id=customer_id)
    if moved:
        lines = _lines(session, order_id)
        stock.lock_levels(session, list(lines))
        stock.note_sale(session, lines, order_id=order_id, actor=customer_id, at=utcnow())
    if not row.refunded:
        bought = sorted(set(product_ids))
        reservations.add_purchases(session, order_id=order_id, customer_id=customer_id, product_ids=bought)


def cancel_reservation(session: Session, *, order_id: UUID, customer_id: UUID, actor: UUID | None) -> None:
    """Put the stock of a cancelled order back, once.

    Args:
        actor: who cancelled, if it was the customer.
    """
    _move(session, order_id, Change.CANCELLED, customer_id=customer_id, actor=actor)


def refund_reservation(session: Session, *, order_id: UUID, customer_id: UUID, restock: bool) -> None:
    """Note that an order's money has gone back; put its stock back if it was not shipped and did not come before."""
    if restock:
        _move(session, order_id, Change.RESTOCKED, customer_id=customer_id)
    else:
        _locked(session, order_id, customer_id=customer_id, status=Status.SOLD)
    reservations.note_refund(session, order_id)


def _move(
    session: Session,
    order_id: UUID,
    change: Change,
    *,
    customer_id: UUID | None = None,
    actor: UUID | None = None,
) -> tuple[Any, bool]:
    """Lock the reservation and change it; return it as it was, and whether this was the change's time."""
    row = _locked(session, order_id, customer_id=customer_id, status=Status.HELD)
    before = Status(row.status)
    after = next_status(before, change)
    if after is None or not reservations.move(session, order_id, before=before, after=after, change=change):
        return row, False
    if after is Status.RELEASED:
        _put_back(session, order_id, change, actor=actor)
    return row, True


def _locked(session: Session, order_id: UUID, *, customer_id: UUID | None, status: Status) -> Any:
    """Lock an order's reservation; what was never reserved gets one without lines, to bear what is known of it."""
    row = reservations.lock(session, order_id)
    if row is None:
        now = utcnow()
        reservations.begin(session, order_id=order_id, customer_id=customer_id, status=status, at=now, expires_at=now)
        row = reservations.lock(session, order_id)
    return row


def _put_back(session: Session, order_id: UUID, change: Change, *, actor: UUID | None) -> None:
    lines, kind = _lines(session, order_id), _REASON_OF_RETURN.get(change, Movement.RELEASE)
    if lines:
        stock.lock_levels(session, list(lines))
        given = stock.give_back_stock(session, lines, order_id=order_id, kind=kind, actor=actor, at=utcnow())
        announce_given_back(session, given, reason=kind.value)


def _lines(session: Session, order_id: UUID) -> dict[UUID, int]:
    return {line.product_id: line.quantity for line in reservations.lines_of(session, order_id)}
