"""Tell the audit log what staff or an admin did: an event in the transaction of the deed."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.clock import utcnow
from shopsite_common.events import AdminActed
from shopsite_common.ids import uuid7
from shopsite_common.outbox import emit

OPERATOR = UUID(int=0)
"""The actor of what is done on the command line, where nobody signs in."""


def record_action(
    session: Session,
    *,
    actor_id: UUID,
    action: str,
    object_type: str,
    object_id: object,
    changes: dict[str, Any] | None = None,
) -> None:
    """Emit ``AdminActed``.

    Args:
        action: a verb and its object, ``order.ship``.
        changes: what changed, without personal data or secrets.
    """
    emit(
        session,
        AdminActed(
            action_id=uuid7(),
            actor_id=actor_id,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            at=utcnow(),
            changes=changes or {},
        ),
    )
