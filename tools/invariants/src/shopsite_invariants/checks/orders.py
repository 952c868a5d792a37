"""Orders: their sums, their story, their deadlines, and the carts that they came from."""

from datetime import timedelta

from shopsite_invariants.checks.check import Check, Finding, found
from shopsite_invariants.sources import Look

_GRACE = timedelta(seconds=30)


def sums(look: Look) -> Finding:
    """Recompute each order's total from its items."""
    rows = look.rows(
        "orders",
        """
        SELECT o.id, o.number, o.total, COALESCE(sum(i.unit_price * i.quantity), 0) AS items,
               bool_and(i.subtotal = i.unit_price * i.quantity) AS sound
        FROM orders o LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id
        """,
    )
    wrong = (
        (row.id, f"total {row.total}, items {row.items}") for row in rows if row.total != row.items or not row.sound
    )
    return found(len(rows), wrong)


def history(look: Look) -> Finding:
    """Compare the last step of each order's history with where it stands."""
    rows = look.rows(
        "orders",
        """
        SELECT o.id, o.status, (
            SELECT h.status FROM order_history h WHERE h.order_id = o.id AND h.in_history ORDER BY h.id DESC LIMIT 1
        ) AS told FROM orders o
        """,
    )
    return found(
        len(rows),
        ((row.id, f"is {row.status}, its history ends with {row.told}") for row in rows if row.status != row.told),
    )


def deadlines(look: Look) -> Finding:
    """Look for unpaid orders whose time is over."""
    unpaid = [order for order in look.orders.values() if order.status in {"CREATED", "PENDING"}]
    due = ((order, order.held_until if order.held else order.payment_due_at) for order in unpaid)
    late = (
        (order.id, f"order {order.number} is {order.status}, and was due {until:%Y-%m-%d %H:%M:%S}")
        for order, until in due
        if until is not None and until + _GRACE < order.now
    )
    return found(len(unpaid), late)


def ids(look: Look) -> Finding:
    """Compare the orders with the ids that were claimed as an order's."""
    claimed = {row.order_id for row in look.rows("orders", "SELECT order_id FROM order_ids WHERE kind = 'order'")}
    strays = (
        *((each, "claimed, and no such order") for each in claimed - look.orders.keys()),
        *((each, "an order whose id was not claimed") for each in look.orders.keys() - claimed),
    )
    return found(len(claimed), strays)


def carts(look: Look) -> Finding:
    """Look for cart lines that were ordered already."""
    lines = [row.id for row in look.rows("cart", "SELECT id FROM cart_items")]
    ordered = {
        row.cart_line_id: row.order_id for row in look.rows("orders", "SELECT cart_line_id, order_id FROM order_items")
    }
    return found(
        len(lines), ((line, f"still in the cart, ordered by {ordered[line]}") for line in lines if line in ordered)
    )


CHECKS = (
    Check("order-sums", "an order's total is the sum of its items, to the last digit", sums),
    Check("order-history", "an order's history ends where it stands", history),
    Check("order-deadlines", "no unpaid order is past its deadline", deadlines),
    Check("order-ids", "an id is an order's or voided, never both", ids),
    Check("carts", "no cart holds a line that was ordered", carts),
)
