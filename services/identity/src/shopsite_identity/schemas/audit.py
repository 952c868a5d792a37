"""The audit log."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from shopsite_common.schemas import ResponseBody, Timestamp


class AuditOut(ResponseBody):
    """One deed of staff or an admin."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11",
                    "at": "2026-11-24T08:30:00.204000Z",
                    "service": "orders",
                    "actor": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e12",
                    "actor_email": "admin@shopsite.example",
                    "action": "order.ship",
                    "object_type": "order",
                    "object": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e13",
                    "changes": {"status": "SHIPPED"},
                }
            ]
        }
    )

    id: UUID
    at: Timestamp
    service: str = Field(description="Where it was done")
    actor: UUID = Field(validation_alias="actor_id", description="Who did it")
    actor_email: str | None = Field(description="Their address now; null once erased")
    action: str = Field(description="A verb and its object")
    object_type: str
    object: str = Field(validation_alias="object_id", description="The identifier of what it was done to")
    changes: dict[str, Any]
