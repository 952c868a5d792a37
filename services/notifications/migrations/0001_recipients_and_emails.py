"""Recipients, mails, outbox and inbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shopsite_common.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables()
    _create_recipients()
    _create_emails()


def _create_recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("customer_id", sa.Uuid(), primary_key=True),
        sa.Column("email", sa.String(320)),
        sa.Column("first_name", sa.String(150), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("order_emails", sa.Boolean(), nullable=False),
        sa.Column("marketing_emails", sa.Boolean(), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_recipients_admins", "recipients", ["customer_id"], postgresql_where=sa.text("role = 'admin'"))


def _create_emails() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "emails",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("source_event_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(320)),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("context", JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resends", sa.Integer(), nullable=False),
        sa.Column("queued_at", moment, nullable=False),
        sa.Column("next_attempt_at", moment, nullable=False),
        sa.Column("leased_until", moment),
        sa.Column("sent_at", moment),
        sa.Column("error", sa.String(300)),
        sa.Column("message_id", sa.String(400)),
        sa.Column("created_at", moment, nullable=False),
        sa.UniqueConstraint("source_event_id", "kind", "customer_id", name="uq_emails_once_an_event"),
        sa.UniqueConstraint("message_id", name="uq_emails_message_id"),
        sa.CheckConstraint("status IN ('PENDING', 'SENT', 'FAILED')", name="ck_emails_status"),
    )
    for name, columns, where in (
        ("ix_emails_due", ["next_attempt_at", "id"], "status = 'PENDING'"),
        ("ix_emails_customer_id", ["customer_id"], None),
        ("ix_emails_order_id", ["order_id"], None),
        ("ix_emails_kind", ["kind", "id"], None),
        ("ix_emails_status", ["status", "id"], None),
    ):
        op.create_index(name, "emails", columns, postgresql_where=sa.text(where) if where else None)
    op.create_index(
        "uq_emails_one_cancellation_an_order",
        "emails",
        ["order_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'cancellation'"),
    )


def downgrade() -> None:
    op.drop_table("emails")
    op.drop_table("recipients")
    for table in ("inbox", "outbox", "event_sequences"):
        op.drop_table(table)
