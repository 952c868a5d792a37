"""Bodies that come in and go out."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema

from shopsite_common.money import Money
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp
from shopsite_payments.domain.payments import PaymentStatus, RefundStatus

_EXAMPLE_ID = "0199a6f4-2c1e-7b52-9d3f-5a2f0c6f8e11"
_MORE_THAN_NOTHING = r"^(?!0+(\.0+)?$)[0-9]{1,12}(\.[0-9]{1,2})?$"
_CURRENCY = Field(examples=["NGN"], description="ISO 4217")


RefundedAmount = Annotated[
    Money,
    Field(gt=Decimal(0)),
    WithJsonSchema({"type": "string", "pattern": _MORE_THAN_NOTHING}, mode="validation"),
]


class PayCreate(RequestBody):
    """Which order is to be paid."""

    order_id: UUID = Field(examples=[_EXAMPLE_ID])


class AuthorizationOut(ResponseBody):
    """Where the customer pays, and by which reference the payment is known."""

    authorization_url: str = Field(examples=["https://checkout.paystack.com/3ni8kdavz62431k"])
    access_code: str = Field(examples=["3ni8kdavz62431k"])
    reference: str = Field(examples=[_EXAMPLE_ID])


class PayOut(ResponseBody):
    """The customer's browser goes to ``data.authorization_url``."""

    status: Literal["success"] = "success"
    message: Literal["Authorization URL created"] = "Authorization URL created"
    data: AuthorizationOut


class RefundCreate(RequestBody):
    """How much goes back; without an amount all that is left."""

    amount: RefundedAmount | None = Field(default=None, examples=["500.00"])
    reason: str | None = Field(default=None, max_length=500, examples=["One item was damaged"])


class RefundOut(ResponseBody):
    """A refund; ``reason`` is the admin's words, or what caused it."""

    id: UUID
    amount: Money
    status: RefundStatus
    reason: str = Field(examples=["order_cancelled"])
    created_at: Timestamp


class PaymentOut(ResponseBody):
    """An order's payment. ``paid_amount`` and ``paid_currency`` show what arrived where the order asks for another."""

    id: UUID
    order_id: UUID
    reference: str = Field(description="Of the attempt that paid, else of the latest")
    amount: Money
    currency: str = _CURRENCY
    status: PaymentStatus
    channel: str | None = Field(examples=["card"])
    paid_at: Timestamp | None
    paid_amount: Money | None
    paid_currency: str | None = Field(description="ISO 4217")
    refunds: list[RefundOut]
    created_at: Timestamp


class WebhookReceived(ResponseBody):
    """The event is stored; the work comes later."""

    status: Literal["received"] = "received"


class CallbackOut(ResponseBody):
    """How the payment stands after a look at Paystack."""

    reference: str
    status: PaymentStatus
    order_id: UUID
