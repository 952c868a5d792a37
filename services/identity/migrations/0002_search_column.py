"""What accounts are searched by, as a column of its own: an erased account's is empty by itself."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_accounts_search")
    op.execute("""
        ALTER TABLE accounts ADD COLUMN IF NOT EXISTS searched text
        GENERATED ALWAYS AS (coalesce(email, '') || ' ' || first_name || ' ' || last_name) STORED
    """)
    op.execute("CREATE INDEX ix_accounts_search ON accounts USING gin (searched gin_trgm_ops)")
