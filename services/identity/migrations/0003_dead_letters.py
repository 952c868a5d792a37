"""Dead letters, and the customers that they must not tell of any more."""

from alembic import op

from shopsite_common.migrations import create_dead_letter_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_dead_letter_tables()


def downgrade() -> None:
    op.drop_table("dead_letters")
    op.drop_table("dead_letter_erasures")
