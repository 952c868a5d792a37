"""Which word of payments on what stands against an order's money was the last: they may come in any order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("contest_sequence", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("orders", "contest_sequence")
