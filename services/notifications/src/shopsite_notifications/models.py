"""Tables: who can be written to, and every mail, sent or to send."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """The base of this service's tables, apart from every other service's."""


class Recipient(Table, table=True):
    """A copy of what identity tells of an account.

    An erased account stays as a bare id with ``erased``, so that an event of before the erasure brings nobody back.
    """

    __tablename__ = "recipients"
    __table_args__ = (Index("ix_recipients_admins", "customer_id", postgresql_where=text("role = 'admin'")),)

    customer_id: UUID = Field(primary_key=True)
    email: str | None = Field(default=None, max_length=320)
    first_name: str = Field(default="", max_length=150)
    role: str = Field(default="customer", max_length=20)
    is_active: bool = True
    order_emails: bool = True
    marketing_emails: bool = False
    erased: bool = False
    sequence: int = Field(sa_type=BigInteger)


class Email(Table, table=True):
    """A mail.

    ``context`` holds what its templates need besides the name: no address, no name, no secret. ``address`` is where it
    goes as far as is known, taken afresh at each sending. While ``leased_until`` lies ahead some process is at it.
    """

    __tablename__ = "emails"
    __table_args__ = (
        UniqueConstraint("source_event_id", "kind", "customer_id", name="uq_emails_once_an_event"),
        UniqueConstraint("message_id", name="uq_emails_message_id"),
        CheckConstraint("status IN ('PENDING', 'SENT', 'FAILED')", name="ck_emails_status"),
        Index(
            "uq_emails_one_cancellation_an_order",
            "order_id",
            "customer_id",
            unique=True,
            postgresql_where=text("kind = 'cancellation'"),
        ),
        Index("ix_emails_due", "next_attempt_at", "id", postgresql_where=text("status = 'PENDING'")),
        Index("ix_emails_customer_id", "customer_id"),
        Index("ix_emails_order_id", "order_id"),
        Index("ix_emails_kind", "kind", "id"),
        Index("ix_emails_status", "status", "id"),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=30)
    status: str = Field(default="PENDING", max_length=10)
    customer_id: UUID
    order_id: UUID | None = None
    source_event_id: UUID
    address: str | None = Field(default=None, max_length=320)
    subject: str = Field(max_length=200)
    context: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    attempts: int = 0
    resends: int = 0
    queued_at: datetime
    next_attempt_at: datetime
    leased_until: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = Field(default=None, max_length=300)
    message_id: str | None = Field(default=None, max_length=400)
    traceparent: str = Field(default="", max_length=60)
    created_at: datetime


METADATA = (Table.metadata,)
