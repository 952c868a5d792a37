"""Bodies of the mail log."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shopsite_common.schemas import ResponseBody, Timestamp
from shopsite_notifications.domain import Kind, Status

_EXAMPLE: dict[str, Any] = {
    "id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11",
    "kind": "order_confirmation",
    "to": "ada@example.com",
    "subject": "We have your order SO-10042",
    "status": "SENT",
    "attempts": 1,
    "sent_at": "2026-11-24T08:30:01.512000Z",
    "created_at": "2026-11-24T08:30:01.204000Z",
}


class EmailOut(ResponseBody):
    """A mail in the log."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    kind: Kind
    to: str | None = Field(description="Where it goes; null while the recipient is not known yet")
    subject: str
    status: Status
    attempts: int
    sent_at: Timestamp | None
    created_at: Timestamp


class EmailDetail(EmailOut):
    """A mail with its content, as its template renders it now; a password reset has none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "customer": "0193a1c2-1111-7c3a-9b1e-2f6a5c0d9e11",
                    "order": "0193a1c2-2222-7c3a-9b1e-2f6a5c0d9e11",
                    "message_id": "<0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11.0@shopsite.example>",
                    "error": None,
                    "html": "<!DOCTYPE html><html>…</html>",
                    "text": "Hello Ada, …",
                }
            ]
        }
    )

    customer: UUID
    order: UUID | None
    message_id: str | None = Field(description="Its Message-ID header; null before the first attempt")
    error: str | None = Field(description="Why the last attempt failed, without addresses")
    html: str | None
    text: str | None
