"""Tables of the orders service."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shopsite_common import idempotency


class Table(SQLModel, registry=registry()):
    """The base of this service's tables."""


class OrderId(Table, table=True):
    """Every id that ever was an order's or was voided before it could become one: the key makes it one of the two."""

    __tablename__ = "order_ids"
    __table_args__ = (CheckConstraint("kind IN ('order', 'voided')", name="ck_order_ids_kind"),)

    order_id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=10)
    noted_at: datetime


class Order(Table, table=True):
    """An order as it stands."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_customer_id_created_at", "customer_id", text("created_at DESC"), text("id DESC")),
        Index("ix_orders_created_at", text("created_at DESC"), text("id DESC")),
        Index("ix_orders_status_created_at", "status", text("created_at DESC"), text("id DESC")),
        Index("ix_orders_due", "payment_due_at", postgresql_where=text("status IN ('CREATED', 'PENDING')")),
        Index("ix_orders_paid_at", "paid_at", postgresql_where=text("paid_at IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(max_length=30, unique=True)
    customer_id: UUID
    customer_email: str = Field(max_length=320)
    status: str = Field(max_length=20)
    total: Decimal = Field(max_digits=14, decimal_places=2)
    currency: str = Field(max_length=3)
    shipping_address: str = Field(max_length=1000)
    billing_address: str = Field(max_length=1000)
    tracking_number: str | None = Field(default=None, max_length=100)
    carrier: str | None = Field(default=None, max_length=100)
    payment_due_at: datetime
    bought: bool = False
    money: bool = False
    held: bool = False
    held_until: datetime | None = None
    shipping_blocked: bool = False
    contest_sequence: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    refund_pending: bool = False
    fully_refunded: bool = False
    cancel_reason: str | None = Field(default=None, max_length=20)
    paid_at: datetime | None = None
    refunded: Decimal = Field(default=Decimal(0), max_digits=14, decimal_places=2)
    erase_when_final: bool = False
    created_at: datetime
    updated_at: datetime


class OrderItem(Table, table=True):
    """A line as sold. The cart line's id is unique: one line is never ordered twice."""

    __tablename__ = "order_items"

    order_id: UUID = Field(foreign_key="orders.id", primary_key=True)
    position: int = Field(primary_key=True)
    cart_line_id: UUID = Field(unique=True)
    product_id: UUID
    name: str = Field(max_length=255)
    unit_price: Decimal = Field(max_digits=12, decimal_places=2)
    quantity: int
    subtotal: Decimal = Field(max_digits=14, decimal_places=2)


class HistoryEntry(Table, table=True):
    """A step of an order, or something that happened around it. Customers see what is public."""

    __tablename__ = "order_history"
    __table_args__ = (Index("ix_order_history_order_id", "order_id", "id"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True, nullable=False)
    )
    order_id: UUID = Field(foreign_key="orders.id")
    at: datetime
    kind: str = Field(max_length=30)
    status: str = Field(max_length=20)
    actor: str = Field(max_length=20)
    actor_id: UUID | None = None
    text: str = Field(max_length=500)
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    trace_id: str = Field(max_length=32)
    in_history: bool
    public: bool


class Refund(Table, table=True):
    """A refund of an order's money, as payments tells it."""

    __tablename__ = "refunds"
    __table_args__ = (Index("ix_refunds_order_id", "order_id"),)

    refund_id: UUID = Field(primary_key=True)
    order_id: UUID = Field(foreign_key="orders.id")
    amount: Decimal = Field(max_digits=14, decimal_places=2)
    reason: str = Field(max_length=30)
    state: str = Field(max_length=20)
    full: bool
    sequence: int = Field(sa_type=BigInteger)


class ErasedCustomer(Table, table=True):
    """Whose account was erased: their last token must not place another order."""

    __tablename__ = "erased_customers"

    customer_id: UUID = Field(primary_key=True)
    erased_at: datetime


METADATA = (Table.metadata, idempotency.metadata)
