"""Which trace a mail belongs to: that of the request whose event it tells of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("emails", sa.Column("traceparent", sa.String(60), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("emails", "traceparent")
