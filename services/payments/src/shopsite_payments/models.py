"""The tables of payments."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Enum, Index, MetaData, UniqueConstraint, desc, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shopsite_common import idempotency
from shopsite_common.clock import utcnow
from shopsite_common.ids import uuid7
from shopsite_payments.domain.payments import AttemptState, PaymentStatus, RefundStatus

_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def _choice(kind: type[Any], name: str) -> Enum:
    # text with a check: PostgreSQL's own enum types are hard to change
    return Enum(kind, native_enum=False, length=20, create_constraint=True, name=name)


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """The base of this service's tables."""


class OrderState(Table, table=True):
    """What payments knows of an order's fate by events. The row is also the lock of whoever begins to pay it."""

    __tablename__ = "order_states"

    order_id: UUID = Field(primary_key=True)
    cancelled_at: datetime | None = None
    cancel_reason: str | None = Field(default=None, max_length=40)
    paid_at: datetime | None = None
    final_at: datetime | None = None


class Payment(Table, table=True):
    """The one payment of an order: the sum of what its attempts came to."""

    __tablename__ = "payments"
    __table_args__: ClassVar[Any] = (
        Index("ix_payments_customer_id_created_at", "customer_id", desc("created_at"), desc("id")),
        Index("ix_payments_created_at", desc("created_at"), desc("id")),
        Index("ix_payments_status", "status"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    order_id: UUID = Field(unique=True)
    order_number: str = Field(max_length=40)
    customer_id: UUID
    amount: Decimal = Field(max_digits=14, decimal_places=2)
    currency: str = Field(max_length=3)
    status: PaymentStatus = Field(default=PaymentStatus.INITIALIZED, sa_type=_choice(PaymentStatus, "status"))
    reference: str = Field(max_length=64)
    channel: str | None = Field(default=None, max_length=40)
    paid_at: datetime | None = None
    paid_amount: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    paid_currency: str | None = Field(default=None, max_length=3)
    held_until: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow, sa_column_kwargs={"onupdate": utcnow})

    @property
    def fits(self) -> bool:
        """Tell whether what arrived is what the order asks, in amount and currency."""
        return (self.paid_amount, self.paid_currency) == (self.amount, self.currency)


class PaymentAttempt(Table, table=True):
    """One transaction at Paystack. Its reference is stored before Paystack hears of it."""

    __tablename__ = "payment_attempts"
    __table_args__: ClassVar[Any] = (
        Index("ix_payment_attempts_payment_id", "payment_id"),
        Index(
            "uq_payment_attempts_open",
            "payment_id",
            unique=True,
            postgresql_where=text("state IN ('OPENING', 'OPEN')"),
        ),
        Index(
            "ix_payment_attempts_next_check_at",
            "next_check_at",
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    payment_id: UUID = Field(foreign_key="payments.id")
    reference: str = Field(max_length=64, unique=True)
    state: AttemptState = Field(default=AttemptState.OPENING, sa_type=_choice(AttemptState, "state"))
    authorization_url: str | None = Field(default=None, max_length=500)
    access_code: str | None = Field(default=None, max_length=100)
    opening_until: datetime
    failure: str | None = Field(default=None, max_length=200)
    channel: str | None = Field(default=None, max_length=40)
    paid_at: datetime | None = None
    paid_amount: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    paid_currency: str | None = Field(default=None, max_length=3)
    transaction_id: int | None = Field(default=None, sa_type=BigInteger)
    next_check_at: datetime | None = None
    last_check: bool = False
    verified_at: datetime | None = None
    traceparent: str = Field(default="", max_length=60)
    created_at: datetime = Field(default_factory=utcnow)


class Refund(Table, table=True):
    """Money on its way back. The row is committed before Paystack is asked."""

    __tablename__ = "refunds"
    __table_args__: ClassVar[Any] = (
        Index("ix_refunds_payment_id", "payment_id"),
        Index("ix_refunds_attempt_id", "attempt_id"),
        Index("ix_refunds_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    payment_id: UUID = Field(foreign_key="payments.id")
    attempt_id: UUID = Field(foreign_key="payment_attempts.id")
    amount: Decimal = Field(max_digits=14, decimal_places=2)
    currency: str = Field(max_length=3)
    reason: str = Field(max_length=40)
    note: str | None = Field(default=None, max_length=500)
    full: bool = False
    status: RefundStatus = Field(default=RefundStatus.PENDING, sa_type=_choice(RefundStatus, "status"))
    provider_id: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    resend_after: datetime | None = None
    failure: str | None = Field(default=None, max_length=200)
    next_check_at: datetime | None = None
    traceparent: str = Field(default="", max_length=60)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow, sa_column_kwargs={"onupdate": utcnow})


class RawWebhook(Table, table=True):
    """A webhook as it came, byte for byte, until an erased customer's parts are taken out."""

    __tablename__ = "raw_webhooks"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("event", "key"),
        Index("ix_raw_webhooks_reference", "reference"),
        Index("ix_raw_webhooks_next_try_at", "next_try_at", postgresql_where=text("processed_at IS NULL")),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    event: str = Field(max_length=200)
    key: str = Field(max_length=200)
    reference: str = Field(max_length=200)
    body: bytes
    received_at: datetime
    next_try_at: datetime
    tries: int = 0
    processed_at: datetime | None = None
    outcome: str | None = Field(default=None, max_length=200)
    traceparent: str = Field(default="", max_length=60)


class Dispute(Table, table=True):
    """A customer's bank asks for money back."""

    __tablename__ = "disputes"
    __table_args__: ClassVar[Any] = (Index("ix_disputes_payment_id", "payment_id"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    provider_id: int = Field(sa_type=BigInteger, unique=True)
    payment_id: UUID = Field(foreign_key="payments.id")
    reference: str = Field(max_length=64)
    amount: Decimal | None = Field(default=None, max_digits=14, decimal_places=2)
    currency: str | None = Field(default=None, max_length=3)
    status: str = Field(max_length=60)
    category: str | None = Field(default=None, max_length=60)
    resolution: str | None = Field(default=None, max_length=60)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow, sa_column_kwargs={"onupdate": utcnow})


class ErasedCustomer(Table, table=True):
    """An account that was erased: what still comes in about it is stored without the person."""

    __tablename__ = "erased_customers"

    customer_id: UUID = Field(primary_key=True)
    erased_at: datetime


class ReconciliationRun(Table, table=True):
    """One comparison of our ledger with Paystack's list."""

    __tablename__ = "reconciliation_runs"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    since: datetime
    started_at: datetime
    finished_at: datetime | None = None
    compared: int = 0
    differences: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)


METADATA = (Table.metadata, idempotency.metadata)
