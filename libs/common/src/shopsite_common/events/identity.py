"""What identity tells the others: who there is, and how to reach them."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel

from shopsite_common.events.contract import EventData

Role = Literal["customer", "staff", "admin"]


class Preferences(BaseModel):
    """Which mails a customer wants; what concerns money, security or a cancellation is always sent."""

    order_emails: bool = True
    marketing_emails: bool = False


class _Customer(EventData):
    about: ClassVar[str] = "customer_id"
    personal: ClassVar[frozenset[str]] = frozenset({"email", "first_name", "last_name"})

    customer_id: UUID
    email: str
    first_name: str
    last_name: str
    role: Role
    is_active: bool
    preferences: Preferences


class CustomerRegistered(_Customer):
    """An account was made, by signing up or by an admin."""

    producer: ClassVar[str] = "identity"


class CustomerUpdated(_Customer):
    """An account's name, address, role, state or preferences changed: the whole state after it."""

    producer: ClassVar[str] = "identity"


class CustomerDeleted(EventData):
    """An account was erased: every service anonymises what it holds of this person."""

    producer: ClassVar[str] = "identity"
    about: ClassVar[str] = "customer_id"

    customer_id: UUID


class PasswordResetRequested(EventData):
    """Somebody asked for a reset link. No event holds the link: notifications asks for it when it sends."""

    producer: ClassVar[str] = "identity"
    about: ClassVar[str] = "customer_id"

    customer_id: UUID
    reset_id: UUID
    expires_at: datetime
