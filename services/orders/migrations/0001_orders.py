"""Orders, their items, history and refunds; voided ids; erased customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shopsite_common.migrations import create_idempotency_table, create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SUM = sa.Numeric(14, 2)


def upgrade() -> None:
    create_messaging_tables()
    create_idempotency_table()
    op.create_table(
        "order_ids",
        sa.Column("order_id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("noted_at", _MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('order', 'voided')", name="ck_order_ids_kind"),
    )
    op.create_table(
        "erased_customers",
        sa.Column("customer_id", sa.Uuid, primary_key=True),
        sa.Column("erased_at", _MOMENT, nullable=False),
    )
    _create_orders()
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("cart_line_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("product_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("unit_price", sa.Numeric(12, 2), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("subtotal", _SUM, nullable=False),
    )
    op.create_table(
        "order_history",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("in_history", sa.Boolean, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
    )
    op.create_index("ix_order_history_order_id", "order_history", ["order_id", "id"])
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("amount", _SUM, nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("full", sa.Boolean, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String(30), nullable=False, unique=True),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("customer_email", sa.String(320), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("total", _SUM, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("shipping_address", sa.String(1000), nullable=False),
        sa.Column("billing_address", sa.String(1000), nullable=False),
        sa.Column("tracking_number", sa.String(100)),
        sa.Column("carrier", sa.String(100)),
        sa.Column("payment_due_at", _MOMENT, nullable=False),
        sa.Column("bought", sa.Boolean, nullable=False),
        sa.Column("money", sa.Boolean, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("held_until", _MOMENT),
        sa.Column("shipping_blocked", sa.Boolean, nullable=False),
        sa.Column("refund_pending", sa.Boolean, nullable=False),
        sa.Column("fully_refunded", sa.Boolean, nullable=False),
        sa.Column("cancel_reason", sa.String(20)),
        sa.Column("paid_at", _MOMENT),
        sa.Column("refunded", _SUM, nullable=False),
        sa.Column("erase_when_final", sa.Boolean, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
    )
    newest_first = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("ix_orders_customer_id_created_at", "orders", ["customer_id", *newest_first])
    op.create_index("ix_orders_created_at", "orders", newest_first)
    op.create_index("ix_orders_status_created_at", "orders", ["status", *newest_first])
    unpaid = sa.text("status IN ('CREATED', 'PENDING')")
    op.create_index("ix_orders_due", "orders", ["payment_due_at"], postgresql_where=unpaid)
    op.create_index("ix_orders_paid_at", "orders", ["paid_at"], postgresql_where=sa.text("paid_at IS NOT NULL"))


def downgrade() -> None:
    for table in ("refunds", "order_history", "order_items", "orders", "erased_customers", "order_ids"):
        op.drop_table(table)
