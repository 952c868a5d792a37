"""What a test sees of messages without a broker: the outbox read, and events handed to a handler."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from shopsite_common import outbox
from shopsite_common.consumer import apply
from shopsite_common.db import Database
from shopsite_common.events import Event, EventData, contract_of
from shopsite_common.ids import uuid7
from shopsite_common.topology import Subscription


def emitted(session: Session, service: str) -> list[EventData]:
    """Return the events in a service's outbox, oldest first."""
    table = outbox.outbox
    rows = session.connection().execute(select(table.c.type, table.c.data).order_by(table.c.id)).all()
    return [contract_of(f"{service}.{row.type}").model_validate(row.data) for row in rows]


def event_of(
    data: EventData, *, sequence: int = 1, producer: str | None = None, event_id: UUID | None = None
) -> Event[Any]:
    """Return the envelope in which a consumer would see this payload."""
    service = producer or data.producer
    return Event[Any](
        id=event_id or uuid7(),
        source=f"/{service}",
        type=f"shopsite.{service}.{data.type_name()}",
        subject=data.subject,
        sequence=sequence,
        data=data,
    )


def deliver(db: Database, handlers: tuple[Subscription, ...], event: Event[Any]) -> list[str]:
    """Hand an event to every handler bound to it, as the consumer does; return ``done`` or ``duplicate`` of each."""
    bound = [s for s in handlers if any(event.data.binding_key() == contract.binding_key() for contract in s.events)]
    return [db.run_here(apply, subscription=subscription, event=event) for subscription in bound]
