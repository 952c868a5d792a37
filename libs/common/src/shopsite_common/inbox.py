"""The inbox: which events a handler has already had. Its row joins the transaction of the effect."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, String, Table, Uuid, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_common.outbox import metadata

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("handler", String(100), primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("ix_inbox_handled_at", "handled_at"),
)

# made once: a statement that is put together anew costs more than sending it
_NOTE = insert(inbox).on_conflict_do_nothing()


def first_time(session: Session, *, event_id: UUID, handler: str) -> bool:
    """Note that ``handler`` has the event; False if it had it before. The insert is the guard."""
    return session.connection().execute(_NOTE, {"event_id": event_id, "handler": handler}).rowcount == 1


def delete_old(session: Session, *, older_than: timedelta) -> int:
    """Delete rows of events so old that no broker will bring them again; return how many."""
    statement = text("DELETE FROM inbox WHERE handled_at < clock_timestamp() - :age")
    return session.connection().execute(statement, {"age": older_than}).rowcount
