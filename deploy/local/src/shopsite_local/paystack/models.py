"""What the simulator remembers."""

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row of the simulator's file; columns whose names are in `JSON_COLUMNS` hold JSON."""

    id: int

    JSON_COLUMNS = frozenset({"channels", "metadata", "history"})

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        """Builds the record from a row that has at least its columns."""
        names = [each.name for each in fields(cls)]
        return cls(**{name: json.loads(row[name]) if name in cls.JSON_COLUMNS else row[name] for name in names})


@dataclass(frozen=True, kw_only=True)
class Transaction(Record):
    """A payment as Paystack knows it; amounts in subunits, times in seconds since 1970."""

    reference: str
    access_code: str
    email: str
    amount: int
    currency: str
    callback_url: str | None
    channels: list[str]
    metadata: Any
    status: str
    paid_amount: int | None
    paid_currency: str | None
    paid_at: float | None
    channel: str | None
    card: str | None
    challenge: str | None
    gateway_response: str
    ip_address: str | None
    history: list[dict[str, Any]]
    created_at: float

    @property
    def is_paid(self) -> bool:
        """Whether money came, returned since or not."""
        return self.paid_at is not None

    @property
    def reported_amount(self) -> int:
        """What verify answers as `amount`: what was paid, or what was asked while nothing was."""
        return self.amount if self.paid_amount is None else self.paid_amount

    @property
    def reported_currency(self) -> str:
        """The currency that goes with it."""
        return self.paid_currency or self.currency


@dataclass(frozen=True, kw_only=True)
class Refund(Record):
    """Money on its way back; `ending` is the state it will reach, `next_at` when it moves on."""

    transaction_id: int
    amount: int
    currency: str
    status: str
    ending: str
    customer_note: str | None
    merchant_note: str | None
    refunded_by: str
    created_at: float
    updated_at: float
    next_at: float | None


@dataclass(frozen=True, kw_only=True)
class Dispute(Record):
    """A customer's complaint at their bank."""

    transaction_id: int
    amount: int
    reason: str
    status: str
    resolution: str | None
    created_at: float
    updated_at: float
    resolved_at: float | None


@dataclass(frozen=True, kw_only=True)
class Delivery(Record):
    """A webhook with the very bytes that are sent; `state` is waiting, delivered, failed or suppressed."""

    event: str
    reference: str
    url: str
    body: bytes
    signature: str
    state: str
    tries: int
    next_at: float | None
    created_at: float
