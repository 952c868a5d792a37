"""The first tables: products, categories, pictures, stock ledger, reservations, purchases, reviews."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shopsite_common.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# array_to_string is only STABLE, for the sake of element types whose text depends on settings; that of text does not.
# The line break can be in no tag, so a search for part of a tag never matches across two.
_TAGS_TEXT = """
    CREATE FUNCTION tags_text(tags varchar[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT array_to_string(tags, E'\\n') $$
"""
_SEARCH = (
    "setweight(to_tsvector('english'::regconfig, name), 'A')"
    " || setweight(to_tsvector('english'::regconfig, tags_text(tags)), 'B')"
    " || setweight(to_tsvector('english'::regconfig, description), 'C')"
)


def upgrade() -> None:
    create_messaging_tables()
    op.execute(_TAGS_TEXT)
    op.create_table(
        "cache_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(300), nullable=False),
        sa.Column("slug", sa.String(320), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "erased_customers", sa.Column("customer_id", sa.Uuid(), nullable=False), sa.PrimaryKeyConstraint("customer_id")
    )
    op.create_table(
        "image_destroys",
        sa.Column("public_id", sa.String(255), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("public_id"),
    )
    op.create_index("ix_image_destroys_retry_at", "image_destroys", ["retry_at"])
    op.create_table(
        "purchases",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "product_id"),
    )
    op.create_index("ix_purchases_customer_id", "purchases", ["customer_id", "product_id"])
    op.create_table(
        "reservations",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("released_by", sa.String(20), nullable=True),
        sa.Column("refunded", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('held', 'ordered', 'sold', 'released')", name="ck_reservations_status"),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("ix_reservations_held", "reservations", ["expires_at"], postgresql_where=sa.text("status = 'held'"))
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.String(50)), nullable=False),
        sa.Column("tags_trgm", sa.Text(), sa.Computed("tags_text(tags)", persisted=True), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(_SEARCH, persisted=True), nullable=True),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("low_stock_threshold", sa.Integer(), nullable=False),
        sa.Column("is_featured", sa.Boolean(), nullable=False),
        sa.Column("rating_average", sa.Numeric(precision=3, scale=2), nullable=False),
        sa.Column("review_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("price > 0", name="ck_products_price"),
        sa.CheckConstraint("stock >= 0", name="ck_products_stock"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_products_category_id",
        "products",
        ["category_id", "created_at"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_products_created_at", "products", ["created_at", "id"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(
        "ix_products_description_trgm",
        "products",
        ["description"],
        postgresql_using="gin",
        postgresql_ops={"description": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_products_featured",
        "products",
        ["created_at"],
        postgresql_where=sa.text("deleted_at IS NULL AND is_featured"),
    )
    op.create_index("ix_products_name", "products", ["name", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index("ix_products_price", "products", ["price", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index(
        "ix_products_rating_average",
        "products",
        ["rating_average", "id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_products_search", "products", ["search"], postgresql_using="gin")
    op.create_index("ix_products_tags", "products", ["tags"], postgresql_using="gin")
    op.create_index(
        "ix_products_tags_trgm",
        "products",
        ["tags_trgm"],
        postgresql_using="gin",
        postgresql_ops={"tags_trgm": "gin_trgm_ops"},
    )
    op.create_table(
        "product_images",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.String(255), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("url", sa.String(1000), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_index(
        "ix_product_images_pending", "product_images", ["created_at"], postgresql_where=sa.text("NOT ready")
    )
    op.create_index("ix_product_images_product_id", "product_images", ["product_id", "position"])
    op.create_table(
        "reservation_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["reservations.order_id"]),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("order_id", "product_id"),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.String(150), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_reviews_rating"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("product_id", "customer_id", name="uq_reviews_product_id_customer_id"),
    )
    op.create_index("ix_reviews_created_at", "reviews", ["created_at", "id"])
    op.create_index("ix_reviews_customer_id", "reviews", ["customer_id", "created_at"])
    op.create_index("ix_reviews_product_id", "reviews", ["product_id", "created_at"])
    op.create_table(
        "stock_movements",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"]),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_stock_movements_order_id", "stock_movements", ["order_id"])
    op.create_index("ix_stock_movements_product_id", "stock_movements", ["product_id", "seq"])
    # room on each page, so that a changed stock stays beside its old row
    op.execute("ALTER TABLE products SET (fillfactor = 80)")


def downgrade() -> None:
    for table in (
        "stock_movements",
        "reviews",
        "reservation_lines",
        "product_images",
        "products",
        "reservations",
        "purchases",
        "image_destroys",
        "erased_customers",
        "categories",
        "cache_marks",
        "inbox",
        "outbox",
        "event_sequences",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION tags_text(varchar[])")
