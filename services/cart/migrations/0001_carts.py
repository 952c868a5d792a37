"""Carts, their lines, and the copy of products."""

import sqlalchemy as sa
from alembic import op

from shopsite_common.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_messaging_tables()
    op.create_table(
        "carts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("customer_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "cart_items",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("cart_id", sa.Uuid, sa.ForeignKey("carts.id", ondelete="CASCADE"), nullable=False),
        sa.Column("product_id", sa.Uuid, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("cart_id", "product_id", name="uq_cart_items_cart_id_product_id"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 999", name="ck_cart_items_quantity"),
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("price", sa.Numeric(12, 2), nullable=False),
        sa.Column("image_url", sa.String(1000)),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("details_sequence", sa.BigInteger, nullable=False),
        sa.Column("stock_sequence", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("products")
    op.drop_table("cart_items")
    op.drop_table("carts")
