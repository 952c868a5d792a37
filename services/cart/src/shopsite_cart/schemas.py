"""Bodies of the cart's endpoints."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from shopsite_cart.domain import MAX_LINES, MAX_QUANTITY, Availability, CartView, Line, pieces_of, total_of
from shopsite_common.money import Money
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp


def _whole(value: Any) -> Any:
    # JSON knows one kind of number: 2.0 is the integer 2; text, fractions and booleans are left for the strict check
    return int(value) if isinstance(value, float) and value.is_integer() else value


Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[2]), BeforeValidator(_whole)]
QuantityOrNone = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY, examples=[2]), BeforeValidator(_whole)]

_PRODUCT = "0198c2f4-7d1c-7a51-9f0e-3f6d2a4b8c10"


class CartProduct(ResponseBody):
    """A product as the cart shows it; the price is the catalog's current one."""

    id: UUID
    name: str = Field(examples=["Enamel mug, blue"])
    price: Money
    image_url: str | None
    is_in_stock: bool


class CartLineOut(ResponseBody):
    """A line inside its cart, whose currency holds for it."""

    id: UUID
    product: CartProduct
    quantity: int
    subtotal: Money
    availability: Availability = Field(
        description="`ok`; `short`: less in stock than wanted, still in the total; `gone`: deleted or none left"
    )

    @staticmethod
    def of(line: Line) -> "CartLineOut":
        """Return the body of a line, made without a second check of values that come from our own tables."""
        product = CartProduct.model_construct(
            id=line.product_id,
            name=line.name,
            price=line.price,
            image_url=line.image_url,
            is_in_stock=line.is_in_stock,
        )
        return CartLineOut.model_construct(
            id=line.id,
            product=product,
            quantity=line.quantity,
            subtotal=line.subtotal,
            availability=line.availability,
        )


class CartItemOut(CartLineOut):
    """A line by itself, with the currency of its amounts."""

    currency: str = Field(examples=["NGN"])

    @classmethod
    def alone(cls, line: Line, *, currency: str) -> "CartItemOut":
        """Return the body of a line that stands in no cart."""
        return cls.model_construct(**dict(CartLineOut.of(line)), currency=currency)


class CartOut(ResponseBody):
    """A cart with its lines, in the order in which they were added."""

    id: UUID
    items: list[CartLineOut]
    item_count: int = Field(description="Pieces, not lines")
    total: Money
    currency: str = Field(examples=["NGN"])
    updated_at: Timestamp

    @classmethod
    def of(cls, view: CartView, *, currency: str) -> "CartOut":
        """Return the body of a cart, made like its lines."""
        return cls.model_construct(
            id=view.id,
            items=[CartLineOut.of(line) for line in view.lines],
            item_count=pieces_of(view.lines),
            total=total_of(view.lines),
            currency=currency,
            updated_at=view.updated_at,
        )


class CartItemCreate(RequestBody):
    """What to put into the cart; the same product again adds up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"product": _PRODUCT, "quantity": 2}]})

    product: UUID
    quantity: Quantity = 1


class CartItemReplace(RequestBody):
    """The new quantity of a line."""

    quantity: Quantity


class CartItemUpdate(RequestBody):
    """The new quantity of a line; without it nothing changes."""

    quantity: Quantity = 1


class AddToCart(RequestBody):
    """How many to add."""

    quantity: Quantity = 1


class CartLineSet(RequestBody):
    """A product and how many of it there shall be."""

    product: UUID
    quantity: Quantity


class CartLineChange(RequestBody):
    """A product and how many of it there shall be; 0 takes it out."""

    product: UUID
    quantity: QuantityOrNone


class _Lines(RequestBody):
    @model_validator(mode="after")
    def _each_product_once(self) -> Self:
        products = [item.product for item in getattr(self, "items", None) or []]
        if len(products) != len(set(products)):
            raise ValueError("Each product may be named once.")
        return self


class CartReplace(_Lines):
    """Everything that shall be in the cart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"product": _PRODUCT, "quantity": 2}]}]})

    items: list[CartLineSet] = Field(max_length=MAX_LINES)


class CartUpdate(_Lines):
    """The lines that shall change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"product": _PRODUCT, "quantity": 0}]}]})

    items: list[CartLineChange] = Field(default_factory=list, max_length=MAX_LINES)
