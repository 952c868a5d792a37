"""Bodies of the dead letters, as every service and the portal show them."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from shopsite_common.dead_letters import masking
from shopsite_common.masking import MASK
from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp

QUEUE_FORM = r"^(identity|catalog|cart|orders|payments|notifications)\.[a-z_]{1,100}$"
EVENT_FORM = r"^[a-z]{1,40}\.[A-Za-z]{1,40}\.v[0-9]{1,3}$"


class DeadLetterOut(ResponseBody):
    """A message that no handler could take."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11",
                    "queue": "notifications.on_customer_registered",
                    "event": "identity.CustomerRegistered.v1",
                    "event_id": "0193a1c2-7d1d-7c3a-9b1e-2f6a5c0d9e11",
                    "reason": "LookupError: no template for welcome",
                    "attempts": 5,
                    "status": "waiting",
                    "payload": {"customer_id": "0193a1c2-1111-7c3a-9b1e-2f6a5c0d9e11", "email": MASK},
                    "trace_id": "ab" * 16,
                    "died_at": "2026-11-24T08:30:01.512000Z",
                }
            ]
        }
    )

    id: UUID = Field(description="A letter that dies again after a replay has a new one, and the same `event_id`")
    queue: str = Field(description="The queue that it came from: service and handler")
    event: str | None = Field(description="The event's type; null where the message does not say")
    event_id: UUID | None
    reason: str = Field(description="Why it died, without personal data")
    attempts: int = Field(description="How often a handler had it")
    status: Literal["waiting", "replaying"]
    payload: Any = Field(description="What the event tells, personal data masked; null if the message is no JSON")
    trace_id: str = Field(description="The trace of the request that caused the event; empty where none is known")
    died_at: Timestamp

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return the body for a row of the table."""
        shown = masking.masked(row.body)
        return cls(
            id=row.id,
            queue=row.queue,
            event=row.event,
            event_id=row.event_id,
            reason=row.reason,
            attempts=row.attempts,
            status="waiting" if row.replay_at is None else "replaying",
            payload=shown.get("data", shown) if isinstance(shown, dict) else shown,
            trace_id=row.trace_id,
            died_at=row.died_at,
        )


class ReplayRequest(RequestBody):
    """Which letters to replay."""

    queue: str | None = Field(default=None, pattern=QUEUE_FORM, description="Those of one queue; without it all")


class ReplayOut(ResponseBody):
    """How many letters go back to their queues."""

    letters: int
