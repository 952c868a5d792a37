"""Tables: carts, their lines, and a copy of what the cart shows of products."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """The base of this service's tables."""


class Cart(Table, table=True):
    """A customer's one active cart. Its row is locked by every change, so changes of one cart follow each other."""

    __tablename__ = "carts"

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(unique=True)
    updated_at: datetime


class CartItem(Table, table=True):
    """A line. Its id is what an order remembers, so what is left after an order gets a new one."""

    __tablename__ = "cart_items"
    __table_args__ = (
        UniqueConstraint("cart_id", "product_id", name="uq_cart_items_cart_id_product_id"),
        CheckConstraint("quantity BETWEEN 1 AND 999", name="ck_cart_items_quantity"),
    )

    id: UUID = Field(primary_key=True)
    cart_id: UUID = Field(foreign_key="carts.id", ondelete="CASCADE")
    product_id: UUID
    quantity: int
    added_at: datetime


class Product(Table, table=True):
    """What the catalog last told of a product.

    Details and stock have a sequence each, because ``StockChanged`` tells of the stock alone: a late ``ProductUpdated``
    may still be news about the name. A product of which only the stock is known has ``details_sequence`` 0.
    """

    __tablename__ = "products"

    product_id: UUID = Field(primary_key=True)
    name: str = Field(max_length=255)
    price: Decimal = Field(max_digits=12, decimal_places=2)
    image_url: str | None = Field(default=None, max_length=1000)
    stock: int
    details_sequence: int = Field(sa_type=BigInteger)
    stock_sequence: int = Field(sa_type=BigInteger)
    deleted: bool


METADATA = (Table.metadata,)
