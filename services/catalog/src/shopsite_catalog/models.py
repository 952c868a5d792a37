"""Catalog's tables. Reads on the hot path use the Core tables below, not objects."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Identity,
    Index,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy import Table as CoreTable
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_ON_SALE = text("deleted_at IS NULL")
SEARCH = (
    "setweight(to_tsvector('english'::regconfig, name), 'A')"
    " || setweight(to_tsvector('english'::regconfig, tags_text(tags)), 'B')"
    " || setweight(to_tsvector('english'::regconfig, description), 'C')"
)


class Table(SQLModel, registry=registry()):
    """The base of this service's tables, which share nothing with another service's."""


class Category(Table, table=True):
    """A category, made when a product first names it."""

    __tablename__ = "categories"

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=100)
    name_key: str = Field(max_length=300, unique=True)
    slug: str = Field(max_length=320, unique=True)


class Product(Table, table=True):
    """A product. A deleted one stays as a row, for its past orders, reviews and ledger.

    No index holds ``stock``: a sale then changes one row in place (a heap-only update) and none of the indexes, which
    is worth more than a faster list of what runs low.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("stock >= 0", name="ck_products_stock"),
        CheckConstraint("price > 0", name="ck_products_price"),
        Index("ix_products_created_at", "created_at", "id", postgresql_where=_ON_SALE),
        Index("ix_products_price", "price", "id", postgresql_where=_ON_SALE),
        Index("ix_products_name", "name", "id", postgresql_where=_ON_SALE),
        Index("ix_products_rating_average", "rating_average", "id", postgresql_where=_ON_SALE),
        Index("ix_products_category_id", "category_id", "created_at", postgresql_where=_ON_SALE),
        Index("ix_products_featured", "created_at", postgresql_where=text("deleted_at IS NULL AND is_featured")),
        Index("ix_products_tags", "tags", postgresql_using="gin"),
        Index("ix_products_search", "search", postgresql_using="gin"),
        Index(
            "ix_products_description_trgm",
            "description",
            postgresql_using="gin",
            postgresql_ops={"description": "gin_trgm_ops"},
        ),
        Index(
            "ix_products_tags_trgm",
            "tags_trgm",
            postgresql_using="gin",
            postgresql_ops={"tags_trgm": "gin_trgm_ops"},
        ),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=255)
    description: str = Field(sa_type=Text)
    price: Decimal = Field(sa_type=Numeric(12, 2))
    category_id: UUID | None = Field(foreign_key="categories.id")
    tags: list[str] = Field(sa_column=Column(ARRAY(String(50)), nullable=False))
    tags_trgm: str = Field(sa_column=Column(Text, Computed("tags_text(tags)", persisted=True)))
    search: Any = Field(sa_column=Column(TSVECTOR, Computed(SEARCH, persisted=True)))
    stock: int
    low_stock_threshold: int
    is_featured: bool
    rating_average: Decimal = Field(sa_type=Numeric(3, 2))
    review_count: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class ProductImage(Table, table=True):
    """A picture: a row before the upload (``ready`` false), and its address after it."""

    __tablename__ = "product_images"
    __table_args__ = (
        Index("ix_product_images_product_id", "product_id", "position"),
        Index("ix_product_images_pending", "created_at", postgresql_where=text("NOT ready")),
    )

    id: UUID = Field(primary_key=True)
    product_id: UUID = Field(foreign_key="products.id")
    public_id: str = Field(max_length=255, unique=True)
    ready: bool
    url: str = Field(max_length=1000)
    width: int
    height: int
    position: int
    created_at: datetime


class ImageDestroy(Table, table=True):
    """A picture that is still to be destroyed where pictures are kept."""

    __tablename__ = "image_destroys"

    public_id: str = Field(max_length=255, primary_key=True)
    attempts: int
    retry_at: datetime = Field(index=True)


class StockMovement(Table, table=True):
    """A row of the stock ledger. ``seq`` is the order of commits within a product."""

    __tablename__ = "stock_movements"
    __table_args__ = (Index("ix_stock_movements_product_id", "product_id", "seq"),)

    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    id: UUID = Field(unique=True)
    product_id: UUID = Field(foreign_key="products.id")
    delta: int
    level: int
    kind: str = Field(max_length=20)
    reason: str = Field(max_length=255)
    actor: UUID | None
    order_id: UUID | None = Field(index=True)
    at: datetime


class Reservation(Table, table=True):
    """Stock that belongs to an order, or may come to. A released one without lines bars its id from coming late."""

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint("status IN ('held', 'ordered', 'sold', 'released')", name="ck_reservations_status"),
        Index("ix_reservations_held", "expires_at", postgresql_where=text("status = 'held'")),
    )

    order_id: UUID = Field(primary_key=True)
    customer_id: UUID | None
    status: str = Field(max_length=10)
    released_by: str | None = Field(max_length=20)
    refunded: bool
    created_at: datetime
    expires_at: datetime


class ReservationLine(Table, table=True):
    """What was reserved, with name and price as they were offered."""

    __tablename__ = "reservation_lines"

    order_id: UUID = Field(primary_key=True, foreign_key="reservations.order_id")
    product_id: UUID = Field(primary_key=True, foreign_key="products.id")
    name: str = Field(max_length=255)
    unit_price: Decimal = Field(sa_type=Numeric(12, 2))
    quantity: int


class Purchase(Table, table=True):
    """Who bought what, as orders tells: the right to review. Gone when the order's money has gone back."""

    __tablename__ = "purchases"
    __table_args__ = (Index("ix_purchases_customer_id", "customer_id", "product_id"),)

    order_id: UUID = Field(primary_key=True)
    product_id: UUID = Field(primary_key=True)
    customer_id: UUID


class Review(Table, table=True):
    """A customer's review of a product."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="ck_reviews_rating"),
        UniqueConstraint("product_id", "customer_id", name="uq_reviews_product_id_customer_id"),
        Index("ix_reviews_product_id", "product_id", "created_at"),
        Index("ix_reviews_customer_id", "customer_id", "created_at"),
        Index("ix_reviews_created_at", "created_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    product_id: UUID = Field(foreign_key="products.id")
    customer_id: UUID
    author: str = Field(max_length=150)
    rating: int = Field(sa_type=SmallInteger)
    comment: str = Field(sa_type=Text)
    is_approved: bool
    created_at: datetime
    updated_at: datetime


class ErasedCustomer(Table, table=True):
    """An erased account, whose access token may live on for a minute: no name of it is stored any more."""

    __tablename__ = "erased_customers"

    customer_id: UUID = Field(primary_key=True)


class AuthorName(Table, table=True):
    """The newest name that identity told of an account: one that was told before never comes back."""

    __tablename__ = "author_names"

    customer_id: UUID = Field(primary_key=True)
    name: str = Field(max_length=150)
    sequence: int = Field(sa_type=BigInteger)


class CacheMark(Table, table=True):
    """A product whose cached answers are to be dropped: written with the change, gone once the cache has heard."""

    __tablename__ = "cache_marks"

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    product_id: UUID
    at: datetime = Field(sa_column_kwargs={"server_default": func.clock_timestamp()})


METADATA: tuple[MetaData, ...] = (Table.metadata,)
EXTENSIONS = ("pg_trgm",)


def _core(model: type[Table]) -> CoreTable:
    return Table.metadata.tables[str(model.__tablename__)]


categories = _core(Category)
products = _core(Product)
product_images = _core(ProductImage)
image_destroys = _core(ImageDestroy)
stock_movements = _core(StockMovement)
reservations = _core(Reservation)
reservation_lines = _core(ReservationLine)
purchases = _core(Purchase)
reviews = _core(Review)
erased_customers = _core(ErasedCustomer)
author_names = _core(AuthorName)
cache_marks = _core(CacheMark)
