"""How the simulator behaves: Paystack's way by default, and every departure that can be asked for."""

from typing import Literal

from pydantic import Field

from shopsite_local.faults import CallFaults


class Behaviour(CallFaults):
    """The body of `POST /_simulator/settings`, for everything or for one reference."""

    webhooks: Literal["on", "off", "duplicate", "delay"] = "on"
    delay_seconds: float = Field(default=5.0, ge=0, description="How late webhooks are in the mode `delay`.")
    duplicates: int = Field(default=2, ge=1, le=50, description="How often each is sent in the mode `duplicate`.")
    bad_signature: bool = Field(default=False, description="Webhooks are signed with another key.")
    out_of_order: bool = Field(default=False, description="A refund's last event overtakes its first ones.")
    amount_override: int | None = Field(default=None, ge=0, description="What a success reports as paid, in subunits.")
    currency_override: str | None = Field(default=None, pattern="^[A-Z]{3}$", description="And in which currency.")
    text_amounts: bool = Field(default=False, description="Amounts come as strings.")
    metadata_as: Literal["sent", "empty", "zero", "null", "text"] = Field(
        default="sent", description="Which of Paystack's shapes metadata takes in answers and events."
    )
    pay_on_initialize: bool = Field(default=False, description="Paid, its webhook delivered, before the reply.")
    refund_seconds: float = Field(default=1.0, ge=0, description="From a refund's creation to its end.")
