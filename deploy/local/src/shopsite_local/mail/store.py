"""The mailbox's file: SQLite, so that mails outlive a restart."""

import json
import secrets
import sqlite3
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from shopsite_local.mail.parsing import Mail
from shopsite_local.mail.search import Condition

CAPACITY = 10_000
ALPHABET = string.ascii_letters + string.digits
ID_LENGTH = 22
SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created TEXT NOT NULL, is_read INTEGER NOT NULL,
  attachments INTEGER NOT NULL, return_path TEXT NOT NULL, summary TEXT NOT NULL, raw BLOB NOT NULL,
  message_id TEXT NOT NULL, from_text TEXT NOT NULL, to_text TEXT NOT NULL, cc_text TEXT NOT NULL,
  bcc_text TEXT NOT NULL, reply_text TEXT NOT NULL, subject_text TEXT NOT NULL, body_text TEXT NOT NULL);
"""


class Mailbox:
    """Every mail that came, the newest `capacity` of them; of one event loop."""

    def __init__(self, path: Path, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def add(self, raw: bytes, *, sender: str, recipients: Sequence[str], created: str) -> str:
        """Keeps a mail, drops the oldest beyond the capacity, and returns the new one's id."""
        mail, mail_id = Mail(raw), "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        summary = mail.summary(recipients)
        row = {
            "id": mail_id,
            "created": created,
            "is_read": 0,
            "attachments": summary["Attachments"],
            "return_path": sender,
            "summary": json.dumps(summary),
            "raw": raw,
            **_searchable(mail, summary),
        }
        marks = ", ".join(f":{name}" for name in row)
        self._db.execute(f"INSERT INTO mails ({', '.join(row)}) VALUES ({marks})", row)  # noqa: S608  own names
        self._db.execute(
            "DELETE FROM mails WHERE number IN (SELECT number FROM mails ORDER BY number DESC LIMIT -1 OFFSET ?)",
            (self._capacity,),
        )
        return mail_id

    def find(self, mail_id: str) -> sqlite3.Row | None:
        """Returns a mail's row by its id, `latest` being the newest one."""
        where = "1 = 1 OR id = ?" if mail_id == "latest" else "id = ?"
        sql = f"SELECT * FROM mails WHERE {where} ORDER BY number DESC LIMIT 1"  # noqa: S608  constants
        row: sqlite3.Row | None = self._db.execute(sql, (mail_id,)).fetchone()
        return row

    def list(self, conditions: Iterable[Condition], *, start: int, limit: int) -> list[dict[str, Any]]:
        """Returns Mailpit's summaries, newest first."""
        where, values = _where(conditions)
        sql = f"SELECT id, created, is_read, summary FROM mails{where} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608  constants, values bound
        return [summary_of(row) for row in self._db.execute(sql, [*values, limit, start])]

    def count(self, conditions: Iterable[Condition] = ()) -> tuple[int, int]:
        """Returns how many mails there are, and how many of them unread."""
        where, values = _where(conditions)
        sql = f"SELECT count(*), coalesce(sum(is_read = 0), 0) FROM mails{where}"  # noqa: S608  constants, values bound
        total, unread = self._db.execute(sql, values).fetchone()
        return total, unread

    def delete(self, ids: Sequence[str] | None) -> None:
        """Deletes these mails, all of them when None."""
        if ids is None:
            self._db.execute("DELETE FROM mails")
        else:
            self._db.executemany("DELETE FROM mails WHERE id = ?", [(each,) for each in ids])

    def delete_found(self, conditions: Iterable[Condition]) -> None:
        """Deletes what a search finds."""
        where, values = _where(conditions)
        self._db.execute(f"DELETE FROM mails{where}", values)  # noqa: S608  constants, values bound

    def mark(self, ids: Sequence[str] | None, *, read: bool) -> None:
        """Marks these mails, all of them when None, as read or unread."""
        if ids is None:
            self._db.execute("UPDATE mails SET is_read = ?", (read,))
        else:
            self._db.executemany("UPDATE mails SET is_read = ? WHERE id = ?", [(read, each) for each in ids])


def summary_of(row: sqlite3.Row) -> dict[str, Any]:
    """Returns a mail as Mailpit lists it."""
    return {
        "ID": row["id"],
        "Read": bool(row["is_read"]),
        "Created": row["created"],
        **json.loads(row["summary"]),
    }


def _searchable(mail: Mail, summary: dict[str, Any]) -> dict[str, str]:
    """Lower-case texts: SQLite's own case folding knows ASCII alone."""
    sender = [summary["From"]] if summary["From"] else []
    return {
        "message_id": summary["MessageID"].lower(),
        "from_text": _people(sender),
        "to_text": _people(summary["To"]),
        "cc_text": _people(summary["Cc"]),
        "bcc_text": _people(summary["Bcc"]),
        "reply_text": _people(summary["ReplyTo"]),
        "subject_text": summary["Subject"].lower(),
        "body_text": f"{mail.text}\n{mail.html}".lower(),
    }


def _people(people: Iterable[dict[str, str]]) -> str:
    return "\n".join(f"{person['Name']} {person['Address']}" for person in people).lower()


def _where(conditions: Iterable[Condition]) -> tuple[str, list[str]]:
    asked = list(conditions)
    values = [value for _, bound in asked for value in bound]
    return (f" WHERE {' AND '.join(f'({sql})' for sql, _ in asked)}" if asked else ""), values
