"""What can go wrong in a cart. The codes are stable: clients branch on them."""

from uuid import UUID

from shopsite_common.errors import Conflict, NotFound, ValidationFailed


class CartNotFound(NotFound):
    """No such cart, or it is somebody else's."""

    message = "There is no such cart."


class ItemNotFound(NotFound):
    """No such line in the customer's cart."""

    message = "There is no such item in your cart."


class ProductNotFound(NotFound):
    """Nothing of the kind is sold."""

    code = "product_not_found"
    message = "There is no such product."


class OutOfStock(Conflict):
    """More is wanted than there is; ``details`` maps the product to what is available."""

    code = "out_of_stock"
    message = "There is not enough in stock."

    @classmethod
    def of(cls, product_id: UUID, available: int) -> "OutOfStock":
        """Return the error for one product."""
        return cls(details={str(product_id): {"available": max(available, 0)}})


class CartFull(Conflict):
    """The cart holds as many different products as it may."""

    code = "cart_full"
    message = "The cart holds too many different products."


class TooMany(ValidationFailed):
    """Adding up goes past the limit of a line."""

    @classmethod
    def over(cls, limit: int) -> "TooMany":
        """Return the error for a line that would hold more than ``limit``."""
        return cls(details={"quantity": [f"A cart holds at most {limit} of one product."]})


class ProductsUnknown(Exception):
    """The cart's copy lacks these products: the caller asks the catalog, then tries again. No client sees this."""

    def __init__(self, product_ids: list[UUID]) -> None:
        self.product_ids = product_ids
        super().__init__(", ".join(map(str, product_ids)))
