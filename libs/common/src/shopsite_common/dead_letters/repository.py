"""The tables of dead letters, and all SQL on them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, String, Table, Text, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_common.dead_letters.letters import Letter
from shopsite_common.ids import uuid7
from shopsite_common.outbox import metadata

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("queue", String(150), nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="of the body as it arrived"),
    Column("body", LargeBinary, nullable=False),
    Column("event", String(100)),
    Column("event_id", Uuid),
    Column("trace_id", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False, server_default="1", comment="tells a new death from the one replayed"),
    Column("died_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("replay_at", DateTime(timezone=True), comment="when it is due to go back to its queue; NULL: it waits"),
    Index("uq_dead_letters_queue_fingerprint", "queue", "fingerprint", unique=True),
    Index("ix_dead_letters_died_at", "died_at", "id"),
)

erasures = Table(
    "dead_letter_erasures",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)


def lock(session: Session) -> None:
    """Let keeping a letter and erasing a customer take turns, until the end of the transaction."""
    statement = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' dead letters', 0))")
    session.connection().execute(statement)


def insert_letter(session: Session, letter: Letter) -> None:
    """Write a letter; one that is there already has died again, so its replay, if one was under way, is over."""
    again = {
        "reason": letter.reason,
        "attempts": letter.attempts,
        "deaths": dead_letters.c.deaths + 1,
        "died_at": func.clock_timestamp(),
        "replay_at": None,
    }
    statement = insert(dead_letters).values(id=uuid7(), **vars(letter))
    session.connection().execute(statement.on_conflict_do_update(index_elements=["queue", "fingerprint"], set_=again))


def list_letters(
    session: Session, *, queue: str | None, event: str | None, offset: int, limit: int
) -> tuple[int, Sequence[Any]]:
    """Return how many letters match, and some of them, newest first."""
    where = [
        column == value for column, value in ((dead_letters.c.queue, queue), (dead_letters.c.event, event)) if value
    ]
    count = session.connection().execute(select(func.count()).select_from(dead_letters).where(*where)).scalar_one()
    newest_first = dead_letters.c.died_at.desc(), dead_letters.c.id.desc()
    rows = dead_letters.select().where(*where).order_by(*newest_first).offset(offset).limit(limit)
    return int(count), session.connection().execute(rows).all()


def count_by_queue(session: Session) -> dict[str, int]:
    """Return how many letters each queue has; one without any is not named."""
    statement = select(dead_letters.c.queue, func.count()).group_by(dead_letters.c.queue)
    return {row[0]: row[1] for row in session.connection().execute(statement)}


def find_letter(session: Session, letter_id: UUID) -> Any | None:
    """Return a letter."""
    return session.connection().execute(dead_letters.select().where(dead_letters.c.id == letter_id)).one_or_none()


def mark_for_replay(session: Session, *, letter_id: UUID | None = None, queue: str | None = None) -> Sequence[Any]:
    """Mark waiting letters: one, those of one queue, or all; return those that were."""
    statement = dead_letters.update().where(dead_letters.c.replay_at.is_(None))
    statement = statement.where(dead_letters.c.id == letter_id) if letter_id else statement
    statement = statement.where(dead_letters.c.queue == queue) if queue else statement
    statement = statement.values(replay_at=func.clock_timestamp())
    return session.connection().execute(statement.returning(dead_letters.c.queue, dead_letters.c.event)).all()


def delete_waiting(session: Session, letter_id: UUID) -> Any | None:
    """Delete a letter that is not on its way back; return it, or None if there is none such."""
    where = (dead_letters.c.id == letter_id) & dead_letters.c.replay_at.is_(None)
    statement = dead_letters.delete().where(where).returning(dead_letters.c.queue, dead_letters.c.event)
    return session.connection().execute(statement).one_or_none()


def claim_due(session: Session, *, lease: timedelta, limit: int) -> Sequence[Any]:
    """Return letters that are to go back, and let nobody else have them for the time of the lease."""
    statement = text("""
        UPDATE dead_letters SET replay_at = clock_timestamp() + :lease
        WHERE id IN (
            SELECT id FROM dead_letters WHERE replay_at <= clock_timestamp()
            ORDER BY died_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
        )
        RETURNING id, queue, body, event, event_id, deaths, died_at
    """)
    rows = session.connection().execute(statement, {"lease": lease, "limit": limit}).all()
    return sorted(rows, key=lambda row: (row.died_at, row.id))


def delete_sent_back(session: Session, letter_id: UUID, *, deaths: int) -> None:
    """Delete a letter that its queue has, unless it has died there again meanwhile."""
    where = (dead_letters.c.id == letter_id) & (dead_letters.c.deaths == deaths)
    session.connection().execute(dead_letters.delete().where(where))


def return_to_waiting(session: Session, letter_id: UUID, *, reason: str) -> None:
    """Note why a letter could not go back."""
    statement = dead_letters.update().where(dead_letters.c.id == letter_id)
    session.connection().execute(statement.values(replay_at=None, reason=reason))


def note_erased(session: Session, customer_id: UUID) -> None:
    """Remember an erased customer: letters that die later may still tell of them."""
    statement = insert(erasures).values(customer_id=customer_id).on_conflict_do_nothing()
    session.connection().execute(statement)


def names_erased(session: Session, body: bytes) -> bool:
    """Tell whether a body names an erased customer."""
    statement = text("""
        SELECT EXISTS (
            SELECT 1 FROM dead_letter_erasures WHERE position(convert_to(customer_id::text, 'UTF8') IN :body) > 0
        )
    """)
    return bool(session.connection().execute(statement, {"body": body}).scalar_one())


def letters_naming(session: Session, customer_id: UUID) -> Sequence[Any]:
    """Lock and return the letters whose body names a customer."""
    statement = text("""
        SELECT id, body FROM dead_letters
        WHERE position(convert_to(CAST(:customer_id AS text), 'UTF8') IN body) > 0 FOR UPDATE
    """)
    return session.connection().execute(statement, {"customer_id": str(customer_id)}).all()


def replace_body(session: Session, letter_id: UUID, body: bytes) -> None:
    """Put another body in the place of a letter's."""
    session.connection().execute(dead_letters.update().where(dead_letters.c.id == letter_id).values(body=body))


def forget_erased(session: Session, *, older_than: timedelta) -> int:
    """Delete the notes of customers erased so long ago that no message can tell of them; return how many."""
    statement = text("DELETE FROM dead_letter_erasures WHERE erased_at < clock_timestamp() - :age")
    return session.connection().execute(statement, {"age": older_than}).rowcount
