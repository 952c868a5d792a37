"""Payments and their attempts in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from shopsite_payments.domain.payments import AttemptState, OrderSnapshot, PaymentStatus
from shopsite_payments.models import OrderState, Payment, PaymentAttempt

_OPEN = (AttemptState.OPENING, AttemptState.OPEN)
_UNPAID = (AttemptState.OPENING, AttemptState.OPEN, AttemptState.LOST, AttemptState.FAILED)


@dataclass(frozen=True, kw_only=True)
class AttemptTask:
    """An attempt that is due to be verified."""

    reference: str
    traceparent: str


@dataclass(frozen=True, kw_only=True)
class PaymentFilter:
    """What a list of payments is narrowed to; None narrows nothing."""

    customer_id: UUID | None = None
    status: PaymentStatus | None = None
    order_id: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        pairs = (
            (Payment.customer_id, self.customer_id),
            (Payment.status, self.status),
            (Payment.order_id, self.order_id),
        )
        return [col(column) == value for column, value in pairs if value is not None]


def lock_order_state(session: Session, order_id: UUID) -> OrderState:
    """Return what is known of an order, making the row if need be; it stays locked until the commit."""
    session.connection().execute(insert(OrderState).values(order_id=order_id).on_conflict_do_nothing())
    statement = select(OrderState).where(col(OrderState.order_id) == order_id).with_for_update()
    found: OrderState = session.execute(statement, execution_options={"populate_existing": True}).scalar_one()
    return found


def find_order_state(session: Session, order_id: UUID) -> OrderState | None:
    """Return what is known of an order."""
    statement = select(OrderState).where(col(OrderState.order_id) == order_id)
    return session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()


def lock_payment(session: Session, payment_id: UUID) -> Payment | None:
    """Return a payment, locked until the commit."""
    return _locked(session, col(Payment.id) == payment_id)


def lock_payment_of_order(session: Session, order_id: UUID) -> Payment | None:
    """Return an order's payment, locked until the commit."""
    return _locked(session, col(Payment.order_id) == order_id)


def _locked(session: Session, condition: ColumnElement[bool]) -> Payment | None:
    statement = select(Payment).where(condition).with_for_update()
    return session.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()


def lock_by_reference(session: Session, reference: str) -> tuple[Payment, PaymentAttempt] | None:
    """Return an attempt and its payment. The payment's row is locked, and with it all that belongs to it."""
    owner = select(col(PaymentAttempt.payment_id)).where(col(PaymentAttempt.reference) == reference).scalar_subquery()
    payment = _locked(session, col(Payment.id) == owner)
    if payment is None:
        return None
    statement = select(PaymentAttempt).where(col(PaymentAttempt.reference) == reference)
    attempt = session.execute(statement, execution_options={"populate_existing": True}).scalar_one()
    return payment, attempt


def add_payment(session: Session, order: OrderSnapshot, *, reference: str, now: datetime) -> Payment:
    """Insert an order's payment; the caller holds the order's lock, so there is none yet."""
    payment = Payment(
        order_id=order.order_id,
        order_number=order.number,
        customer_id=order.customer_id,
        amount=order.total,
        currency=order.currency,
        reference=reference,
        created_at=now,
    )
    session.add(payment)
    session.flush()
    return payment


def find_open_attempt(session: Session, payment_id: UUID) -> PaymentAttempt | None:
    """Return the attempt that the customer can pay, or that is being opened."""
    statement = select(PaymentAttempt).where(
        col(PaymentAttempt.payment_id) == payment_id, col(PaymentAttempt.state).in_(_OPEN)
    )
    return session.execute(statement).scalar_one_or_none()


def find_attempt(session: Session, reference: str) -> PaymentAttempt | None:
    """Return an attempt by its reference."""
    statement = select(PaymentAttempt).where(col(PaymentAttempt.reference) == reference)
    return session.execute(statement).scalar_one_or_none()


def find_standing(session: Session, reference: str) -> Any | None:
    """Return ``order_id``, ``status`` and the attempt's ``state`` as a row, without a lock."""
    columns = (col(Payment.order_id), col(Payment.status), col(PaymentAttempt.state))
    joined = select(*columns).join(PaymentAttempt, col(PaymentAttempt.payment_id) == col(Payment.id))
    return session.execute(joined.where(col(PaymentAttempt.reference) == reference)).one_or_none()


def get_attempt(session: Session, attempt_id: UUID) -> PaymentAttempt:
    """Return an attempt that must be there."""
    found: PaymentAttempt = session.execute(
        select(PaymentAttempt).where(col(PaymentAttempt.id) == attempt_id)
    ).scalar_one()
    return found


def get_paid_attempt(session: Session, payment_id: UUID) -> PaymentAttempt:
    """Return the attempt whose money is the payment's."""
    statement = select(PaymentAttempt).where(
        col(PaymentAttempt.payment_id) == payment_id, col(PaymentAttempt.state) == AttemptState.PAID
    )
    found: PaymentAttempt = session.execute(statement).scalar_one()
    return found


def add_attempt(session: Session, attempt: PaymentAttempt) -> None:
    """Insert an attempt; the unique index lets one open attempt a payment in."""
    session.add(attempt)
    session.flush()


def watch_once_more(session: Session, payment_id: UUID, *, ended_at: datetime) -> None:
    """Have the unpaid attempts of a payment verified for the last time, one interval after its order's end."""
    statement = (
        update(PaymentAttempt)
        .where(col(PaymentAttempt.payment_id) == payment_id, col(PaymentAttempt.state).in_(_UNPAID))
        .values(next_check_at=ended_at, last_check=True)
    )
    session.connection().execute(statement)


_TAKE_DUE = text("""
    UPDATE payment_attempts AS a
    SET next_check_at = CASE WHEN last_check THEN NULL ELSE CAST(:now AS timestamptz) + :pause END
    WHERE id IN (
        SELECT id FROM payment_attempts
        WHERE next_check_at <= :now
          AND (NOT last_check OR next_check_at <= CAST(:now AS timestamptz) - :after_end)
        ORDER BY next_check_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING reference, traceparent
""")


def take_due_attempts(
    session: Session, *, now: datetime, pause: timedelta, after_end: timedelta, limit: int
) -> list[AttemptTask]:
    """Return attempts that are due to be verified, and plan their next time; two workers never take the same."""
    values = {"now": now, "pause": pause, "after_end": after_end, "limit": limit}
    rows = session.connection().execute(_TAKE_DUE, values).all()
    return [AttemptTask(reference=row.reference, traceparent=row.traceparent) for row in rows]


def check_again(session: Session, reference: str, *, at: datetime) -> None:
    """Plan the next verification of an attempt whose last one got no answer."""
    statement = (
        update(PaymentAttempt)
        .where(col(PaymentAttempt.reference) == reference, col(PaymentAttempt.state).in_(_UNPAID))
        .values(next_check_at=at)
    )
    session.connection().execute(statement)


_COLUMNS = (
    Payment.id,
    Payment.order_id,
    Payment.reference,
    Payment.amount,
    Payment.currency,
    Payment.status,
    Payment.channel,
    Payment.paid_at,
    Payment.paid_amount,
    Payment.paid_currency,
    Payment.created_at,
)


def count_payments(session: Session, wanted: PaymentFilter) -> int:
    """Return how many payments the filter leaves."""
    statement = select(func.count()).select_from(Payment).where(*wanted.conditions())
    return int(session.execute(statement).scalar_one())


def list_payments(session: Session, wanted: PaymentFilter, *, offset: int, limit: int) -> Sequence[Any]:
    """Return one page of payments as rows, newest first."""
    order = (col(Payment.created_at).desc(), col(Payment.id).desc())
    statement = select(*_COLUMNS).where(*wanted.conditions()).order_by(*order).offset(offset).limit(limit)  # type: ignore[call-overload]
    return session.execute(statement).all()


def find_payment_row(session: Session, payment_id: UUID, *, customer_id: UUID | None) -> Any | None:
    """Return a payment as a row, of this customer if one is named."""
    conditions = [col(Payment.id) == payment_id, *PaymentFilter(customer_id=customer_id).conditions()]
    return session.execute(select(*_COLUMNS).where(*conditions)).one_or_none()  # type: ignore[call-overload]


def list_references_of_customer(session: Session, customer_id: UUID) -> list[str]:
    """Return the references of all attempts of a customer."""
    statement = (
        select(col(PaymentAttempt.reference))
        .join(Payment, col(Payment.id) == col(PaymentAttempt.payment_id))
        .where(col(Payment.customer_id) == customer_id)
    )
    return list(session.execute(statement).scalars())


def count_by_status(session: Session) -> dict[str, int]:
    """Return how many payments there are in each status that has any."""
    rows = session.connection().execute(text("SELECT status, count(*) AS n FROM payments GROUP BY status")).all()
    return {row.status: row.n for row in rows}


def count_refunds_by_status(session: Session) -> dict[str, int]:
    """Return how many refunds there are in each status that has any."""
    rows = session.connection().execute(text("SELECT status, count(*) AS n FROM refunds GROUP BY status")).all()
    return {row.status: row.n for row in rows}


def count_unprocessed_webhooks(session: Session) -> int:
    """Return how many stored webhooks are not worked on yet."""
    statement = text("SELECT count(*) FROM raw_webhooks WHERE processed_at IS NULL")
    found: int = session.connection().execute(statement).scalar_one()
    return found
