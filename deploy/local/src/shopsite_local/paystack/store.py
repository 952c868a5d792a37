"""The simulator's file: SQLite in WAL mode, so that what was answered survives a kill."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST_ID = 2**32
"""Paystack's ids passed this number in 2022; ours begin there, so that a reader with 32 bits fails at once."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE, access_code TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, callback_url TEXT, channels TEXT NOT NULL,
  metadata TEXT NOT NULL, status TEXT NOT NULL, paid_amount INTEGER, paid_currency TEXT, paid_at REAL, channel TEXT,
  card TEXT, challenge TEXT, gateway_response TEXT NOT NULL, ip_address TEXT, history TEXT NOT NULL,
  created_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS transactions_created ON transactions (created_at);
CREATE TABLE IF NOT EXISTS refunds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id INTEGER NOT NULL, amount INTEGER NOT NULL,
  currency TEXT NOT NULL, status TEXT NOT NULL, ending TEXT NOT NULL, customer_note TEXT, merchant_note TEXT,
  refunded_by TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, next_at REAL);
CREATE INDEX IF NOT EXISTS refunds_transaction ON refunds (transaction_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS disputes (
  id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id INTEGER NOT NULL, amount INTEGER NOT NULL,
  reason TEXT NOT NULL, status TEXT NOT NULL, resolution TEXT, created_at REAL NOT NULL, updated_at REAL NOT NULL,
  resolved_at REAL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, reference TEXT NOT NULL, url TEXT NOT NULL,
  body BLOB NOT NULL, signature TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, next_at REAL,
  created_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_reference ON deliveries (reference);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS tries (
  delivery_id INTEGER NOT NULL, at REAL NOT NULL, status_code INTEGER, error TEXT, milliseconds INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS tries_delivery ON tries (delivery_id);
CREATE TABLE IF NOT EXISTS behaviours (reference TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS integration (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
EMPTIED = ("transactions", "refunds", "disputes", "deliveries", "tries", "behaviours", "integration")
NUMBERED = ("transactions", "refunds", "disputes")


def open_store(path: Path) -> sqlite3.Connection:
    """Opens the file, made on first use; one connection serves the one event loop."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(SCHEMA)
    for table in NUMBERED:
        connection.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
            (table, FIRST_ID),
        )
    return connection


@contextmanager
def unit(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all of the block is kept, or none; inside another unit it is a part of that one."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def empty(connection: sqlite3.Connection) -> None:
    """Forgets everything but the numbers given out: an id is never given to a second transaction."""
    with unit(connection):
        for table in EMPTIED:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  the names are constants above
