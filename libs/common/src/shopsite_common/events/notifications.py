"""What notifications tells the others: a mail's end. No address is in it."""

from typing import ClassVar
from uuid import UUID

from shopsite_common.events.contract import EventData


class _Email(EventData):
    about: ClassVar[str] = "email_id"

    email_id: UUID
    kind: str
    customer_id: UUID | None
    order_id: UUID | None


class EmailSent(_Email):
    """The mail server took the mail."""

    producer: ClassVar[str] = "notifications"


class EmailFailed(_Email):
    """The mail was refused for good, or its deadline has passed."""

    producer: ClassVar[str] = "notifications"

    error: str
