"""The statements that a use case really sends, so that a reference can send the same."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlmodel import Session

from shopsite_common.settings import driver_url

Sent = list[tuple[str, dict[str, Any]]]


def sent_by(url: str, use_case: Callable[[Session], Any]) -> Sent:
    """Runs a use case against a database, and returns each statement as psycopg2 gets it, with its values."""
    engine = sqlalchemy.create_engine(driver_url(url))
    sent: Sent = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: Any) -> None:
        sent.append((statement, {name: _plain(value) for name, value in values.items()}))

    with Session(engine) as session:
        session.connection()  # what a new connection asks about itself is no part of it
        sqlalchemy.event.listen(engine, "before_cursor_execute", note)
        use_case(session)
    engine.dispose()
    return sent


def _plain(value: Any) -> Any:
    """As JSON can carry it."""
    return str(value) if isinstance(value, UUID) else value
