"""Stock: what came in is what was sold, what is reserved and what is there."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from shopsite_invariants.checks.check import Check, Finding, found
from shopsite_invariants.sources import Look

_STANDING_OF = {
    "CREATED": {"ordered"},
    "PENDING": {"ordered"},
    "PROCESSING": {"sold"},
    "SHIPPED": {"sold"},
    "COMPLETED": {"sold"},
    "CANCELLED": {"released"},
    "REFUNDED": {"released", "sold"},  # what had left does not come back by itself
}


def _count(look: Look, table: str) -> int:
    return int(look.rows("catalog", f"SELECT count(*) AS n FROM {table}")[0].n)  # noqa: S608 - a name of this module


def ledger(look: Look) -> Finding:
    """Compare each product's stock with the sum of its ledger."""
    rows = look.rows(
        "catalog",
        """
        SELECT p.id, p.stock, COALESCE(l.total, 0) AS total
        FROM products p LEFT JOIN (SELECT product_id, sum(delta) AS total FROM stock_movements GROUP BY 1) l
            ON l.product_id = p.id
        WHERE p.stock <> COALESCE(l.total, 0)
        """,
    )
    return found(_count(look, "products"), ((row.id, f"stock {row.stock}, ledger {row.total}") for row in rows))


def levels(look: Look) -> Finding:
    """Follow each product's ledger from row to row: no movement may be missing or there twice."""
    rows = look.rows(
        "catalog",
        """
        SELECT id, product_id, level, delta, before FROM (
            SELECT *, lag(level, 1, 0) OVER (PARTITION BY product_id ORDER BY seq) AS before FROM stock_movements
        ) m WHERE before + delta <> level
        """,
    )
    wrong = ((row.id, f"product {row.product_id}: {row.before} {row.delta:+} gives {row.level}") for row in rows)
    return found(_count(look, "stock_movements"), wrong)


def formula(look: Look) -> Finding:
    """Compare stock with what was received less what is reserved and what is sold, of which nothing is below zero."""
    rows = look.rows(
        "catalog",
        """
        WITH taken AS (
            SELECT l.product_id, sum(quantity) FILTER (WHERE r.status = 'sold') AS sold,
                   sum(quantity) FILTER (WHERE r.status IN ('held', 'ordered')) AS reserved
            FROM reservation_lines l JOIN reservations r USING (order_id) GROUP BY 1
        ), received AS (
            SELECT product_id, sum(delta) AS total FROM stock_movements
            WHERE kind IN ('initial', 'adjustment', 'edit') GROUP BY 1
        )
        SELECT p.id, p.stock, COALESCE(c.total, 0) AS received, COALESCE(t.sold, 0) AS sold,
               COALESCE(t.reserved, 0) AS reserved
        FROM products p LEFT JOIN taken t ON t.product_id = p.id LEFT JOIN received c ON c.product_id = p.id
        """,
    )
    wrong = (
        (row.id, f"stock {row.stock}, received {row.received}, sold {row.sold}, reserved {row.reserved}")
        for row in rows
        if row.stock < 0 or row.stock != row.received - row.sold - row.reserved
    )
    return found(len(rows), wrong)


def reservations(look: Look) -> Finding:
    """Compare the reservations with the orders: status, products, quantities and prices."""
    kept = {row.order_id: row for row in look.rows("catalog", "SELECT *, now() AS now FROM reservations")}
    differences = [
        *_orders_without_stock(look, kept),
        *((each, _stray(row)) for each, row in kept.items() if each not in look.orders and _stray(row)),
        *_different_lines(look),
    ]
    return found(len(kept), differences)


def _orders_without_stock(look: Look, kept: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for order in look.orders.values():
        status = kept[order.id].status if order.id in kept else "missing"
        if status not in _STANDING_OF[order.status]:
            yield order.id, f"order {order.number} is {order.status}, its reservation {status}"


def _stray(row: Any) -> str:
    """Say what is wrong with a reservation that has no order; one that is still waiting for its order is fine."""
    if row.status == "released" or (row.status == "held" and row.expires_at > row.now):
        return ""
    return f"{row.status}, and no such order"


def _different_lines(look: Look) -> Iterator[tuple[str, str]]:
    sold: dict[str, Counter[Any]] = defaultdict(Counter)
    for row in look.rows("orders", "SELECT order_id, product_id, unit_price, quantity FROM order_items"):
        sold[row.order_id][row.product_id, row.unit_price] += row.quantity
    held: dict[str, Counter[Any]] = defaultdict(Counter)
    for row in look.rows("catalog", "SELECT order_id, product_id, unit_price, quantity FROM reservation_lines"):
        held[row.order_id][row.product_id, row.unit_price] += row.quantity
    for order_id, lines in sold.items():
        if held[order_id] != lines:
            yield order_id, f"ordered {dict(lines)}, reserved {dict(held[order_id])}"


CHECKS = (
    Check("stock-ledger", "a product's stock is the sum of its ledger", ledger),
    Check("stock-levels", "each row of the ledger follows from the one before", levels),
    Check("stock-formula", "stock is what was received less sold and reserved, and never below zero", formula),
    Check("reservations", "each order has its stock: reserved, sold or back, as the order stands", reservations),
)
