"""Refunds and disputes in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from shopsite_common import context
from shopsite_common.ids import uuid7
from shopsite_payments.domain.payments import ProviderRefund, RefundStatus
from shopsite_payments.domain.webhooks import DISPUTE_ENDED, DISPUTE_WON
from shopsite_payments.models import Dispute, PaymentAttempt, Refund


@dataclass(frozen=True, kw_only=True)
class RefundTask:
    """A refund that is due to be looked at."""

    refund_id: UUID
    reference: str
    amount: Decimal
    currency: str
    traceparent: str


def add_refund(session: Session, refund: Refund) -> None:
    """Insert a refund; the caller holds the payment's lock and has summed what is left."""
    session.add(refund)
    session.flush()


def list_of_attempt(session: Session, attempt_id: UUID) -> list[Refund]:
    """Return the refunds of an attempt, oldest first."""
    statement = select(Refund).where(col(Refund.attempt_id) == attempt_id).order_by(col(Refund.id))
    return list(session.execute(statement, execution_options={"populate_existing": True}).scalars())


def find_refund(session: Session, refund_id: UUID) -> Refund | None:
    """Return a refund."""
    return session.execute(select(Refund).where(col(Refund.id) == refund_id)).scalar_one_or_none()


def list_of_payments(session: Session, payment_ids: Iterable[UUID]) -> Sequence[Any]:
    """Return the refunds of many payments as rows, in one query, oldest first."""
    reason = func.coalesce(col(Refund.note), col(Refund.reason)).label("reason")
    columns = (Refund.id, Refund.payment_id, Refund.amount, Refund.status, reason, Refund.created_at)
    statement = select(*columns).where(col(Refund.payment_id).in_(list(payment_ids))).order_by(col(Refund.id))  # type: ignore[call-overload]
    return session.execute(statement).all()


def add_external(session: Session, attempt: PaymentAttempt, found: ProviderRefund, *, now: datetime) -> Refund | None:
    """Insert a refund that was not made by us; None if it is known. The unique number is the guard."""
    values = {
        "id": uuid7(),
        "payment_id": attempt.payment_id,
        "attempt_id": attempt.id,
        "amount": found.amount,
        "currency": found.currency,
        "reason": "external",
        "full": False,
        "status": RefundStatus.PENDING,
        "provider_id": found.refund_id,
        "next_check_at": now,
        "traceparent": context.traceparent.get(),
        "created_at": now,
        "updated_at": now,
    }
    statement = insert(Refund).values(values).on_conflict_do_nothing(index_elements=["provider_id"])
    made = session.connection().execute(statement).rowcount == 1
    return find_refund(session, values["id"]) if made else None  # type: ignore[arg-type]


_TAKE_DUE = text("""
    UPDATE refunds AS r SET next_check_at = CAST(:now AS timestamptz) + :lease
    FROM payment_attempts AS a
    WHERE a.id = r.attempt_id AND r.id IN (
        SELECT id FROM refunds WHERE next_check_at <= :now ORDER BY next_check_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING r.id AS refund_id, a.reference, r.amount, r.currency, r.traceparent
""")


def take_due(session: Session, *, now: datetime, lease: timedelta, limit: int) -> list[RefundTask]:
    """Return refunds that are due; for the time of the lease no other worker takes them."""
    rows = session.connection().execute(_TAKE_DUE, {"now": now, "lease": lease, "limit": limit}).all()
    return [RefundTask(**row._mapping) for row in rows]  # noqa: SLF001 - the row's public name for its dictionary


def plan_send(session: Session, refund_id: UUID, *, now: datetime, resend_after: datetime) -> bool:
    """Note that Paystack is about to be asked; False if it has the refund, or if an answer may still be under way."""
    statement = (
        update(Refund)
        .where(
            col(Refund.id) == refund_id,
            col(Refund.status) == RefundStatus.PENDING,
            col(Refund.provider_id).is_(None),
            func.coalesce(col(Refund.resend_after), now) <= now,
        )
        .values(resend_after=resend_after)
    )
    return session.connection().execute(statement).rowcount == 1


def list_unasked(session: Session, *, before: datetime) -> Sequence[UUID]:
    """Return the ids of pending refunds that began before then and that Paystack doesn't have."""
    unasked = (col(Refund.status) == RefundStatus.PENDING, col(Refund.provider_id).is_(None))
    return session.execute(select(col(Refund.id)).where(*unasked, col(Refund.created_at) < before)).scalars().all()


def set_resend(session: Session, refund_id: UUID, *, after: datetime | None) -> None:
    """Note from when on Paystack may be asked again."""
    session.connection().execute(update(Refund).where(col(Refund.id) == refund_id).values(resend_after=after))


def set_next_check(session: Session, refund_id: UUID, *, at: datetime) -> None:
    """Plan the next look at a refund that is not final."""
    final = (RefundStatus.PROCESSED, RefundStatus.FAILED)
    statement = (
        update(Refund).where(col(Refund.id) == refund_id, col(Refund.status).not_in(final)).values(next_check_at=at)
    )
    session.connection().execute(statement)


def put_dispute(session: Session, dispute: Dispute) -> bool | None:
    """Insert or update a dispute; tell whether it is new, and None of one that had ended and stays so."""
    values = dispute.model_dump(exclude={"created_at"})
    changes = {name: values[name] for name in ("status", "resolution", "amount", "category", "updated_at")}
    statement = (
        insert(Dispute)
        .values({**values, "created_at": dispute.created_at})
        .on_conflict_do_update(index_elements=["provider_id"], set_=changes, where=col(Dispute.status) != DISPUTE_ENDED)
        .returning(text("(xmax = 0) AS is_new"))
    )
    return session.connection().execute(statement).scalar_one_or_none()


def is_contested(session: Session, payment_id: UUID) -> bool:
    """Tell whether a dispute of the payment is open or lost, or money of it was given back outside of the shop."""
    disputes = exists().where(
        col(Dispute.payment_id) == payment_id, func.coalesce(col(Dispute.resolution), "") != DISPUTE_WON
    )
    external = exists().where(
        col(Refund.payment_id) == payment_id,
        col(Refund.reason) == "external",
        col(Refund.status) != RefundStatus.FAILED,
    )
    return bool(session.connection().execute(select(or_(disputes, external))).scalar_one())
