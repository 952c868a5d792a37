"""Catalog's business errors."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from shopsite_common.errors import Conflict, Forbidden, PayloadTooLarge, ValidationFailed


class OutOfStock(Conflict):
    """Some products have less than was asked for; deleted and unknown ones have none."""

    code = "out_of_stock"
    message = "Some products are not available in the quantity asked for."

    @classmethod
    def of(cls, available: Mapping[UUID, int]) -> "OutOfStock":
        """Return the error that says how much there is of each short product."""
        return cls(details={str(product): {"available": level} for product, level in available.items()})


class TotalChanged(Conflict):
    """The products cost something else than the buyer has seen."""

    code = "total_changed"
    message = "The total has changed."

    @classmethod
    def of(cls, total: Decimal) -> "TotalChanged":
        """Return the error that says what they cost now."""
        return cls(details={"total": f"{total:.2f}"})


class ReservationVoided(Conflict):
    """The reservation of this order id was given back: the id can't be used again."""

    code = "reservation_voided"
    message = "This reservation has been given back."


class ReservationDiffers(Conflict):
    """The same order id came with other lines."""

    code = "reservation_differs"
    message = "This order id is reserved with other lines."


class StockOutOfRange(Conflict):
    """The change would leave less than nothing in stock, or more than can be counted."""

    code = "stock_out_of_range"
    message = "The stock cannot change by this much."


class NotPurchased(Forbidden):
    """Only who bought and paid for a product, and was not refunded, may review it."""

    code = "not_purchased"
    message = "Only customers who bought this product can review it."


class AlreadyReviewed(Conflict):
    """A customer has one review a product."""

    code = "already_reviewed"
    message = "You have already reviewed this product."


class TooManyImages(Conflict):
    """A product has as many pictures as it can have."""

    code = "too_many_images"
    message = "This product has as many pictures as it can have."


class NotAPicture(ValidationFailed):
    """The uploaded bytes are no JPEG, PNG or WebP picture of a decent size."""

    code = "not_a_picture"

    @classmethod
    def saying(cls, sentence: str) -> "NotAPicture":
        """Return the error with this sentence for the field ``file``."""
        return cls(details={"file": [sentence]})


class PictureTooLarge(PayloadTooLarge):
    """The uploaded picture has too many bytes."""

    code = "picture_too_large"
    message = "A picture may have at most 5 MB."
