"""Reviews as clients write and read them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shopsite_catalog.schemas.products import TEXT
from shopsite_common.schemas import Flag, RequestBody, ResponseBody, Timestamp, WholeNumber

Rating = Annotated[WholeNumber, Field(ge=1, le=5, json_schema_extra={"minimum": 1, "maximum": 5})]
Comment = Annotated[str, StringConstraints(max_length=5000, pattern=TEXT)]
_EXAMPLE: dict[str, Any] = {"rating": 5, "comment": "Excellent product, highly recommend!"}


class ReviewCreate(RequestBody):
    """A review of a product that the customer bought."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"product": "01930c5e-7a3b-7c41-9f2e-5b8d1a6c4e90", **_EXAMPLE}}
    )

    product: UUID
    rating: Rating
    comment: Comment = ""


class ReviewReplace(RequestBody):
    """The whole review anew. ``product`` may stand there, but not change."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    product: UUID = Field(default_factory=lambda: UUID(int=0))
    rating: Rating
    comment: Comment = ""

    def given(self) -> dict[str, object]:
        """Return every field, ``product`` only if the client sent it."""
        return self.model_dump(exclude=set() if "product" in self.model_fields_set else {"product"})


class ReviewUpdate(RequestBody):
    """Some of a review's fields. ``is_approved`` is for staff."""

    model_config = ConfigDict(json_schema_extra={"example": {"rating": 4}})

    product: UUID = Field(default_factory=lambda: UUID(int=0))
    rating: Rating = Field(default_factory=int)
    comment: Comment = Field(default_factory=str)
    is_approved: Flag = Field(default_factory=bool)


class ReviewOut(ResponseBody):
    """A review."""

    id: UUID
    product: UUID
    customer: UUID
    author: str = Field(description="The customer's first name", examples=["Ada"])
    rating: int = Field(ge=1, le=5)
    comment: str
    is_approved: bool
    created_at: Timestamp
    updated_at: Timestamp
