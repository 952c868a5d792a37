"""Reading payments, with their refunds, in a number of queries that doesn't grow with the page."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.pagination import PageRequest
from shopsite_payments.domain.payments import PaymentStatus, RefundStatus
from shopsite_payments.errors import UnknownPayment
from shopsite_payments.repository import payments as repository
from shopsite_payments.repository import refunds as refunds_repository
from shopsite_payments.repository.payments import PaymentFilter
from shopsite_payments.schemas import PaymentOut, RefundOut


def list_payments(session: Session, *, wanted: PaymentFilter, paging: PageRequest) -> tuple[int, list[PaymentOut]]:
    """Return how many payments there are, and one page of them, newest first.

    Raises:
        NotFound: there is no such page.
    """
    count = repository.count_payments(session, wanted)
    paging.check(count)
    rows = repository.list_payments(session, wanted, offset=paging.offset, limit=paging.size)
    return count, _with_refunds(session, rows)


def get_payment(session: Session, *, payment_id: UUID, customer_id: UUID | None = None) -> PaymentOut:
    """Return a payment.

    Args:
        payment_id: which.
        customer_id: whose it must be; None for anybody's.

    Raises:
        UnknownPayment: there is none, or it is another customer's.
    """
    row = repository.find_payment_row(session, payment_id, customer_id=customer_id)
    if row is None:
        raise UnknownPayment
    return _with_refunds(session, [row])[0]


def _with_refunds(session: Session, rows: Iterable[Any]) -> list[PaymentOut]:
    payments = list(rows)
    refunds: defaultdict[UUID, list[RefundOut]] = defaultdict(list)
    for row in refunds_repository.list_of_payments(session, [payment.id for payment in payments]):
        refunds[row.payment_id].append(RefundOut.model_validate(row))
    return [_out(payment, refunds[payment.id]) for payment in payments]


def _out(row: Any, refunds: list[RefundOut]) -> PaymentOut:
    differs = row.paid_amount is not None and (row.paid_amount, row.paid_currency) != (row.amount, row.currency)
    return PaymentOut(
        id=row.id,
        order_id=row.order_id,
        reference=row.reference,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        channel=row.channel,
        paid_at=row.paid_at,
        paid_amount=row.paid_amount if differs else None,
        paid_currency=row.paid_currency if differs else None,
        refunds=refunds,
        created_at=row.created_at,
    )


def measure_payments(session: Session) -> tuple[dict[str, int], dict[str, int], int]:
    """Return payments by status, refunds by status, and how many stored webhooks wait."""
    payments, refunds = repository.count_by_status(session), repository.count_refunds_by_status(session)
    return (
        {status.value: payments.get(status.value, 0) for status in PaymentStatus},
        {status.value: refunds.get(status.value, 0) for status in RefundStatus},
        repository.count_unprocessed_webhooks(session),
    )
