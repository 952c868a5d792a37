"""What authors of reviews are called since they changed their name."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "author_names",
        sa.Column("customer_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(150), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("author_names")
