"""Which trace a stored webhook belongs to: that of the request that brought it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("raw_webhooks", sa.Column("traceparent", sa.String(60), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("raw_webhooks", "traceparent")
