"""Stock as staff write and read it."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from shopsite_catalog.domain.stock import MAX_STOCK
from shopsite_catalog.schemas.products import SOMETHING
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp, WholeNumber


def _moves(delta: int) -> int:
    if delta == 0:
        raise ValueError("A change by 0 changes nothing.")
    return delta


Delta = Annotated[
    WholeNumber,
    Field(
        ge=-MAX_STOCK,
        le=MAX_STOCK,
        json_schema_extra={"minimum": -MAX_STOCK, "maximum": MAX_STOCK, "not": {"const": 0}},
    ),
    AfterValidator(_moves),
]


class StockChange(RequestBody):
    """A correction of the stock: a delivery, a loss."""

    model_config = ConfigDict(json_schema_extra={"example": {"delta": -3, "reason": "damaged"}})

    delta: Delta
    reason: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=SOMETHING)] = "adjustment"


class StockOut(ResponseBody):
    """How much there is now."""

    stock: int


class MovementOut(ResponseBody):
    """A row of the stock ledger. ``delta`` is 0 for a sale: its stock was taken when it was reserved."""

    id: UUID
    delta: int
    level: int = Field(description="The stock after it")
    reason: str = Field(
        description="initial, edit, reservation, release, return, sale, or what staff gave as the reason"
    )
    actor: UUID | None = Field(description="Whose doing it was; null for the shop's own")
    at: Timestamp
