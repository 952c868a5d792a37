"""What catalog tells the others: products as the cart shows them, and how much there is of each."""

from typing import ClassVar
from uuid import UUID

from shopsite_common.events.contract import EventData
from shopsite_common.money import Money


class _Product(EventData):
    about: ClassVar[str] = "product_id"

    product_id: UUID
    name: str
    price: Money
    currency: str
    image_url: str | None
    stock: int


class ProductCreated(_Product):
    """A product is on sale."""

    producer: ClassVar[str] = "catalog"


class ProductUpdated(_Product):
    """A product changed: the whole state after it."""

    producer: ClassVar[str] = "catalog"


class ProductDeleted(EventData):
    """A product is no longer sold; past orders keep its name and price."""

    producer: ClassVar[str] = "catalog"
    about: ClassVar[str] = "product_id"

    product_id: UUID


class StockChanged(EventData):
    """The sellable stock moved by ``delta`` to ``stock``: a delivery, a reservation, a return, a correction."""

    producer: ClassVar[str] = "catalog"
    about: ClassVar[str] = "product_id"

    product_id: UUID
    delta: int
    stock: int
    reason: str


class StockLow(EventData):
    """The stock of a product fell to its threshold or under it; told once for each fall."""

    producer: ClassVar[str] = "catalog"
    about: ClassVar[str] = "product_id"

    product_id: UUID
    name: str
    stock: int
    threshold: int
