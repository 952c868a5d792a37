"""What is read of orders, before it becomes a body: rows gathered by what belongs together."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class OrderView:
    """An order with its items and its history, as rows."""

    order: Any
    items: Sequence[Any]
    history: Sequence[Any]


@dataclass(frozen=True)
class Sales:
    """Figures of a period; ``series``, ``products`` and ``customers`` are rows."""

    orders: int
    revenue: Decimal
    by_status: dict[str, int]
    series: Sequence[Any]
    products: Sequence[Any]
    customers: Sequence[Any]
