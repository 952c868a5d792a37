"""All SQL of the simulator but its schema."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from shopsite_local.paystack.models import Delivery, Dispute, Refund, Transaction


def insert(db: sqlite3.Connection, table: str, values: Mapping[str, Any]) -> int:
    """Inserts one row, lists and objects as JSON, and returns its id."""
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    cursor = db.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})", [_stored(table, *each) for each in values.items()]
    )
    return int(cursor.lastrowid or 0)


def update(db: sqlite3.Connection, table: str, row_id: int, **values: Any) -> None:
    """Sets the named columns of one row."""
    names = ", ".join(f"{name} = ?" for name in values)
    stored = [_stored(table, *each) for each in values.items()]
    db.execute(f"UPDATE {table} SET {names} WHERE id = ?", [*stored, row_id])


def _stored(table: str, name: str, value: Any) -> Any:
    is_json = table == "transactions" and name in Transaction.JSON_COLUMNS
    return json.dumps(value) if is_json else value


def find_transaction(db: sqlite3.Connection, **key: Any) -> Transaction | None:
    """Finds a transaction by its `id`, `reference` or `access_code`."""
    ((name, value),) = key.items()
    row = db.execute(f"SELECT * FROM transactions WHERE {name} = ?", (value,)).fetchone()
    return Transaction.from_row(row) if row else None


def list_transactions(
    db: sqlite3.Connection, where: Mapping[str, Any], *, limit: int = -1, offset: int = 0
) -> list[Transaction]:
    """Lists transactions, newest first; `where` maps a condition with one mark to its value."""
    condition, values = _conditions(where)
    sql = f"SELECT * FROM transactions{condition} ORDER BY id DESC LIMIT ? OFFSET ?"
    return [Transaction.from_row(row) for row in db.execute(sql, [*values, limit, offset])]


def sum_transactions(db: sqlite3.Connection, where: Mapping[str, Any]) -> tuple[int, int]:
    """Returns how many transactions there are and what was paid in them."""
    condition, values = _conditions(where)
    sql = f"SELECT count(*), coalesce(sum(paid_amount), 0) FROM transactions{condition}"
    count, volume = db.execute(sql, values).fetchone()
    return count, volume


def _conditions(where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return (f" WHERE {' AND '.join(where)}" if where else ""), list(where.values())


def find_refund(db: sqlite3.Connection, refund_id: int) -> Refund | None:
    """Finds a refund by its id."""
    row = db.execute("SELECT * FROM refunds WHERE id = ?", (refund_id,)).fetchone()
    return Refund.from_row(row) if row else None


def list_refunds(db: sqlite3.Connection, where: Mapping[str, Any], *, limit: int = -1, offset: int = 0) -> list[Refund]:
    """Lists refunds, newest first."""
    condition, values = _conditions(where)
    sql = f"SELECT * FROM refunds{condition} ORDER BY id DESC LIMIT ? OFFSET ?"
    return [Refund.from_row(row) for row in db.execute(sql, [*values, limit, offset])]


def count_refunds(db: sqlite3.Connection, where: Mapping[str, Any]) -> int:
    """Returns how many refunds there are."""
    condition, values = _conditions(where)
    return int(db.execute(f"SELECT count(*) FROM refunds{condition}", values).fetchone()[0])


def list_disputes(db: sqlite3.Connection, where: Mapping[str, Any]) -> list[Dispute]:
    """Lists disputes, newest first."""
    condition, values = _conditions(where)
    return [Dispute.from_row(row) for row in db.execute(f"SELECT * FROM disputes{condition} ORDER BY id DESC", values)]


def list_deliveries(db: sqlite3.Connection, where: Mapping[str, Any], *, limit: int = -1) -> list[Delivery]:
    """Lists webhooks, newest first."""
    condition, values = _conditions(where)
    sql = f"SELECT * FROM deliveries{condition} ORDER BY id DESC LIMIT ?"
    return [Delivery.from_row(row) for row in db.execute(sql, [*values, limit])]


def list_tries(db: sqlite3.Connection, delivery_ids: list[int]) -> list[dict[str, Any]]:
    """Lists what happened at each try of these deliveries, oldest first."""
    marks = ", ".join("?" * len(delivery_ids))
    sql = f"SELECT * FROM tries WHERE delivery_id IN ({marks}) ORDER BY at"
    return [dict(row) for row in db.execute(sql, delivery_ids)]


def next_due(db: sqlite3.Connection, table: str, *, besides: Sequence[int] = ()) -> float | None:
    """Returns when the next waiting row of `refunds` or `deliveries` is due, the rows `besides` left out."""
    marks = ", ".join("?" * len(besides))
    sql = f"SELECT min(next_at) FROM {table} WHERE next_at IS NOT NULL AND id NOT IN ({marks})"
    due = db.execute(sql, list(besides)).fetchone()[0]
    return None if due is None else float(due)


def load_behaviours(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Returns the stored settings: for all under the empty name, for single references under theirs."""
    return {row["reference"]: json.loads(row["value"]) for row in db.execute("SELECT * FROM behaviours")}


def save_behaviour(db: sqlite3.Connection, reference: str, value: Mapping[str, Any]) -> None:
    """Keeps the settings of one reference, or of all."""
    sql = "INSERT INTO behaviours VALUES (?, ?) ON CONFLICT (reference) DO UPDATE SET value = excluded.value"
    db.execute(sql, (reference, json.dumps(value)))


def get_integration(db: sqlite3.Connection, name: str) -> int:
    """Returns a number of the integration's settings, 0 when never set."""
    row = db.execute("SELECT value FROM integration WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def set_integration(db: sqlite3.Connection, name: str, value: int) -> None:
    """Sets a number of the integration's settings."""
    sql = "INSERT INTO integration VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    db.execute(sql, (name, value))
