"""The outbox: an event is a row in the transaction of what it tells of, so it is sent if and only if that happened.

``emit(session, OrderCreated(…))`` numbers the event within its aggregate and writes it; ``relay.py`` publishes it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session

from shopsite_common import context
from shopsite_common.events import EventData
from shopsite_common.ids import uuid7

metadata = MetaData()
CHANNEL = "outbox"

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("type", String(100), nullable=False, comment="OrderCreated.v1; the relay puts its service before it"),
    Column("subject", String(100), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", String(60), nullable=False),
    Column("request_id", String(128), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("sent_at", DateTime(timezone=True)),
    Column("retry_at", DateTime(timezone=True), comment="when the broker refused it: not before this"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),
    Index("ix_outbox_sent_at", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
)

sequences = Table(
    "event_sequences",
    metadata,
    Column("subject", String(100), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# One statement an event: the number comes from a row that stays locked until the commit, so within an aggregate the
# order of numbers is the order of commits. The notification wakes the relay at the commit and costs nothing before.
_EMIT = text(f"""
    WITH numbered AS (
        INSERT INTO event_sequences AS s (subject, last) VALUES (:subject, 1)
        ON CONFLICT (subject) DO UPDATE SET last = s.last + 1
        RETURNING s.last
    ), written AS (
        INSERT INTO outbox (event_id, type, subject, sequence, data, traceparent, request_id)
        SELECT :event_id, :type, :subject, last, :data, :traceparent, :request_id FROM numbered
        RETURNING 1
    )
    SELECT pg_notify(current_schema() || '.{CHANNEL}', '') FROM written
""").bindparams(bindparam("data", type_=JSONB), bindparam("event_id", type_=Uuid))


def emit(session: Session, *events: EventData) -> None:
    """Write events into the outbox of the session's service; they are sent after the commit, in this order."""
    for event in events:
        session.connection().execute(_EMIT, _row(event))


def _row(event: EventData) -> dict[str, Any]:
    return {
        "event_id": uuid7(),
        "type": event.type_name(),
        "subject": event.subject,
        "data": event.model_dump(mode="json"),
        "traceparent": context.traceparent.get(),
        "request_id": context.request_id.get(),
    }


_UNSENT = text("""
    SELECT id, event_id, type, subject, sequence, data, traceparent, request_id, created_at, attempts
    FROM outbox o
    WHERE sent_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM outbox b
        WHERE b.sent_at IS NULL AND b.subject = o.subject AND b.id <= o.id AND b.retry_at > clock_timestamp()
    )
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
""")


def take_unsent(session: Session, *, limit: int) -> Sequence[Any]:
    """Lock and return the oldest unsent rows; an aggregate whose event was refused waits as a whole, to keep its order.

    Never asks for "id greater than the last one": a transaction that commits late has a low id and would be skipped.
    """
    return session.connection().execute(_UNSENT, {"limit": limit}).all()


def mark_sent(session: Session, ids: Sequence[int]) -> None:
    """Note that the broker has confirmed these rows."""
    statement = text("UPDATE outbox SET sent_at = clock_timestamp() WHERE id = ANY(:ids)")
    session.connection().execute(statement, {"ids": list(ids)})


def mark_refused(session: Session, refusals: dict[int, tuple[timedelta, str]]) -> None:
    """Note why the broker did not take a row, and after how long it is tried again."""
    statement = text("""
        UPDATE outbox SET attempts = attempts + 1, error = :error, retry_at = clock_timestamp() + :delay WHERE id = :id
    """)
    for row_id, (delay, error) in refusals.items():
        session.connection().execute(statement, {"id": row_id, "delay": delay, "error": error[:500]})


def delete_sent(session: Session, *, older_than: timedelta, limit: int = 5000) -> int:
    """Delete rows that were sent long ago, at most ``limit`` of them; return how many."""
    statement = text("""
        DELETE FROM outbox
        WHERE id IN (SELECT id FROM outbox WHERE sent_at < clock_timestamp() - :age LIMIT :limit)
    """)
    return session.connection().execute(statement, {"age": older_than, "limit": limit}).rowcount


def list_stuck(session: Session) -> Sequence[Any]:
    """Return the ids of events that have waited for more than a minute."""
    statement = text("""
        SELECT event_id FROM outbox WHERE sent_at IS NULL AND created_at < clock_timestamp() - interval '1 minute'
        ORDER BY id
    """)
    return session.connection().execute(statement).scalars().all()


def backlog(session: Session) -> tuple[int, float]:
    """Return how many rows are unsent, and the age of the oldest in seconds."""
    statement = text("""
        SELECT count(*), COALESCE(EXTRACT(EPOCH FROM clock_timestamp() - min(created_at)), 0)
        FROM outbox WHERE sent_at IS NULL
    """)
    count, age = session.connection().execute(statement).one()
    return int(count), float(age)
