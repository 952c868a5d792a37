"""The ledger as the comparison with Paystack's list reads it, and the record of comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlmodel import Session, col

from shopsite_common.ids import uuid7
from shopsite_payments.domain.payments import AttemptState, RefundStatus
from shopsite_payments.models import PaymentAttempt, ReconciliationRun, Refund


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """An attempt as our ledger has it."""

    reference: str
    state: AttemptState
    paid_amount: Decimal | None
    paid_currency: str | None


@dataclass(frozen=True, kw_only=True)
class RefundLine:
    """A refund as our ledger has it, under Paystack's number."""

    provider_id: int
    amount: Decimal
    currency: str
    status: RefundStatus


_LINE = (PaymentAttempt.reference, PaymentAttempt.state, PaymentAttempt.paid_amount, PaymentAttempt.paid_currency)
_SETTLED = (AttemptState.PAID, AttemptState.DUPLICATE)


def find_lines(session: Session, references: Sequence[str]) -> dict[str, LedgerLine]:
    """Return our lines of these transactions by reference."""
    statement = select(*_LINE).where(col(PaymentAttempt.reference).in_(references))  # type: ignore[call-overload]
    return {row.reference: LedgerLine(**row._mapping) for row in session.execute(statement).all()}  # noqa: SLF001 - the row's public name


def list_paid_since(session: Session, *, since: datetime, until: datetime) -> list[LedgerLine]:
    """Return the attempts begun in this time whose money we count."""
    begun = col(PaymentAttempt.created_at)
    conditions = (begun >= since, begun < until, col(PaymentAttempt.state).in_(_SETTLED))
    rows = session.execute(select(*_LINE).where(*conditions)).all()  # type: ignore[call-overload]
    return [LedgerLine(**row._mapping) for row in rows]  # noqa: SLF001 - the row's public name


def list_refunded_since(session: Session, *, since: datetime, until: datetime) -> set[str]:
    """Return the references of transactions of which we began to refund something in this time."""
    statement = (
        select(col(PaymentAttempt.reference))
        .join(Refund, col(Refund.attempt_id) == col(PaymentAttempt.id))
        .where(col(Refund.created_at) >= since, col(Refund.created_at) < until, col(Refund.provider_id).is_not(None))
    )
    return set(session.execute(statement).scalars())


def list_refund_lines(session: Session, reference: str) -> list[RefundLine]:
    """Return the refunds of a transaction that Paystack has numbered."""
    columns = (Refund.provider_id, Refund.amount, Refund.currency, Refund.status)
    statement = (
        select(*columns)  # type: ignore[call-overload]
        .join(PaymentAttempt, col(Refund.attempt_id) == col(PaymentAttempt.id))
        .where(col(PaymentAttempt.reference) == reference, col(Refund.provider_id).is_not(None))
    )
    return [RefundLine(**row._mapping) for row in session.execute(statement).all()]  # noqa: SLF001 - the row's public name


_BEGIN = text("""
    INSERT INTO reconciliation_runs (id, since, started_at, compared, differences)
    SELECT :id, :since, :now, 0, '[]'
    WHERE pg_try_advisory_xact_lock(hashtextextended(current_schema() || ' reconcile', 0))
      AND NOT EXISTS (SELECT 1 FROM reconciliation_runs WHERE started_at > CAST(:now AS timestamptz) - :pause
                      AND (finished_at IS NOT NULL OR started_at > CAST(:now AS timestamptz) - interval '1 hour'))
    RETURNING id
""")


def begin_run(session: Session, *, since: datetime, now: datetime, pause: timedelta) -> UUID | None:
    """Note that a comparison begins; None if one was made (or began within the last hour) in that pause."""
    values = {"id": uuid7(), "since": since, "now": now, "pause": pause}
    found: UUID | None = session.connection().execute(_BEGIN, values).scalar()
    return found


def finish_run(
    session: Session, run_id: UUID, *, compared: int, differences: list[dict[str, Any]], now: datetime
) -> None:
    """Note what a comparison found."""
    statement = update(ReconciliationRun).where(col(ReconciliationRun.id) == run_id)
    session.connection().execute(statement.values(finished_at=now, compared=compared, differences=differences))
