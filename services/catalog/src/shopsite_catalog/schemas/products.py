"""Products as clients write and read them."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import UploadFile
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from shopsite_catalog.domain.stock import MAX_STOCK
from shopsite_common.cache import CachedBody
from shopsite_common.money import Money
from shopsite_common.schemas import Flag, RequestBody, ResponseBody, Timestamp, WholeNumber

MAX_PRICE = 10_000_000
LOW_STOCK_THRESHOLD = 5
_EXAMPLE: dict[str, Any] = {
    "name": "Linen shirt",
    "description": "A light shirt for hot days.",
    "price": "18500.00",
    "category": "Fashion",
    "tags": ["linen", "summer"],
    "stock": 40,
    "low_stock_threshold": 5,
    "is_featured": True,
}


# what no text in PostgreSQL can hold is in no pattern; the rest says in the documents what the rules below check
TEXT = r"^[^\x00]*$"
SOMETHING = r"^[^\x00]*[^\s\x00][^\x00]*$"
_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_CATEGORY = r"^(\s*|[^\x00]*[^\W_][^\x00]*)$"
_PRICE = r"^(?!0+(\.0+)?$)(10000000(\.00?)?|[0-9]{1,7}(\.[0-9]{1,2})?)$"


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=SOMETHING)]
Description = Annotated[str, StringConstraints(max_length=10_000, pattern=TEXT)]
Price = Annotated[
    Money,
    Field(gt=0, le=MAX_PRICE),
    WithJsonSchema({"type": "string", "pattern": _PRICE, "examples": ["1999.50"]}, mode="validation"),
]
CategoryName = Annotated[str, StringConstraints(max_length=100, pattern=_CATEGORY)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=_ONE_LINE)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(_distinct)]
Level = Annotated[WholeNumber, Field(ge=0, le=MAX_STOCK, json_schema_extra={"minimum": 0, "maximum": MAX_STOCK})]


class ProductCreate(RequestBody):
    """A new product. A category is made when it is first named."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: Name
    description: Description = ""
    price: Price
    category: CategoryName | None = None
    tags: Tags = Field(default=[])
    stock: Level = 0
    low_stock_threshold: Level = LOW_STOCK_THRESHOLD
    is_featured: Flag = False


class ProductReplace(RequestBody):
    """The whole product anew. What is not given becomes empty, except ``stock``, which then stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE, "price": "17500.00"}})

    name: Name
    description: Description = ""
    price: Price
    category: CategoryName | None = None
    tags: Tags = Field(default=[])
    stock: Level = Field(default_factory=int)
    low_stock_threshold: Level = LOW_STOCK_THRESHOLD
    is_featured: Flag = False

    def given(self) -> dict[str, Any]:
        """Return every field, ``stock`` only if the client sent it."""
        return self.model_dump(exclude=set() if "stock" in self.model_fields_set else {"stock"})


class ProductUpdate(RequestBody):
    """Some of a product's fields."""

    model_config = ConfigDict(json_schema_extra={"example": {"price": "17500.00", "is_featured": False}})

    # a factory keeps a field optional without making null one of its values
    name: Name = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    price: Price = Field(default_factory=Money)
    category: CategoryName | None = None
    tags: Tags = Field(default_factory=list)
    stock: Level = Field(default_factory=int)
    low_stock_threshold: Level = Field(default_factory=int)
    is_featured: Flag = Field(default_factory=bool)


class PictureUpload(RequestBody):
    """A form with one file."""

    file: UploadFile


class ImageOut(ResponseBody):
    """A picture of a product."""

    id: UUID
    url: str = Field(examples=["https://res.cloudinary.com/shop/image/upload/v1/shopsite/products/1.jpg"])
    width: int
    height: int
    position: int = Field(description="From 0; the picture at the lowest position is the product's main one")


class ProductOut(ResponseBody):
    """A product."""

    id: UUID
    name: str
    description: str
    price: Money
    currency: str = Field(examples=["NGN"])
    category: str | None
    tags: list[str]
    stock: int
    low_stock_threshold: int
    is_featured: bool
    is_in_stock: bool
    images: list[ImageOut]
    rating_average: float = Field(description="Of the approved reviews, 0 without any", ge=0, le=5)
    review_count: int = Field(description="How many approved reviews there are")
    created_at: Timestamp
    updated_at: Timestamp


class CategoryOut(ResponseBody):
    """A category and how many products are in it."""

    name: str = Field(examples=["Home & Kitchen"])
    slug: str = Field(examples=["home-kitchen"])
    product_count: int


def product_document(row: Any, currency: str) -> dict[str, Any]:
    """Return a product's row as the body that ``ProductOut`` describes, without the cost of building one."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "price": f"{row.price:.2f}",
        "currency": currency,
        "category": row.category,
        "tags": row.tags,
        "stock": row.stock,
        "low_stock_threshold": row.low_stock_threshold,
        "is_featured": row.is_featured,
        "is_in_stock": row.stock > 0,
        "images": row.images,
        "rating_average": float(row.rating_average),
        "review_count": row.review_count,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def answer_of(document: Any) -> CachedBody:
    """Return a document as finished bytes with their ETag."""
    return CachedBody.of(orjson.dumps(document, option=orjson.OPT_UTC_Z))
