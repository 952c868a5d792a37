"""What every service tells identity's audit log."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from shopsite_common.events.contract import ANY_SERVICE, EventData


class AdminActed(EventData):
    """Staff or an admin changed something. ``changes`` holds no personal data and no secret."""

    producer: ClassVar[str] = ANY_SERVICE
    about: ClassVar[str] = "action_id"

    action_id: UUID
    actor_id: UUID
    action: str
    object_type: str
    object_id: str
    at: datetime
    changes: dict[str, Any] = Field(default_factory=dict)
