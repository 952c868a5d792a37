"""SQL of the sales figures.

A sale is an order whose money bought it; it counts on the day (UTC) on which it was paid, less what of it has been
refunded until now. So the sums of the series, of the products and of the customers are all the same figure.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

_SOLD = """
    WITH sold AS (
        SELECT id, customer_id, total, paid_at, total - LEAST(refunded, total) AS net
        FROM orders WHERE paid_at >= :since AND paid_at < :until
    )
"""
_TOP = 10

_SERIES = text(f"""
    {_SOLD}, slots AS (
        SELECT generate_series(date_trunc(:unit, CAST(:since AS timestamptz), 'UTC'),
                               CAST(:until AS timestamptz) - interval '1 microsecond',
                               CAST('1 ' || :unit AS interval)) AS start
    ), sums AS (
        SELECT date_trunc(:unit, paid_at, 'UTC') AS start, count(*) AS orders, sum(net) AS revenue
        FROM sold GROUP BY 1
    )
    SELECT slots.start, COALESCE(sums.orders, 0) AS orders, COALESCE(sums.revenue, 0) AS revenue
    FROM slots LEFT JOIN sums USING (start) ORDER BY slots.start
""")  # noqa: S608 - made of constants, values are bound


def list_series(session: Session, *, since: datetime, until: datetime, unit: str) -> Sequence[Any]:
    """Return paid orders and net revenue of each day, week or month of the period, empty ones too."""
    values = {"since": since, "until": until, "unit": unit}
    return session.connection().execute(_SERIES, values).all()


_BY_STATUS = text("""
    SELECT status, count(*) AS orders FROM orders WHERE created_at >= :since AND created_at < :until GROUP BY status
""")


def count_by_status(session: Session, *, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many of the orders placed in the period are in which status now."""
    rows = session.connection().execute(_BY_STATUS, {"since": since, "until": until}).all()
    return {row.status: row.orders for row in rows}


# A part refund names no line, so it lowers each line of its order in proportion. The differences of rounded running
# sums are used, because they add up to the order's net to the cent, where rounded shares would not.
_PRODUCTS = text(f"""
    {_SOLD}, running AS (
        SELECT i.product_id, i.name, i.quantity, s.paid_at, s.total, s.net,
               sum(i.subtotal) OVER (PARTITION BY i.order_id ORDER BY i.position) AS upto, i.subtotal
        FROM sold s JOIN order_items i ON i.order_id = s.id
    ), shares AS (
        SELECT product_id, name, quantity, paid_at,
               CASE WHEN total = 0 THEN 0
                    ELSE round(upto * net / total, 2) - round((upto - subtotal) * net / total, 2) END AS revenue
        FROM running
    )
    SELECT product_id, (array_agg(name ORDER BY paid_at DESC))[1] AS name, sum(quantity) AS quantity,
           sum(revenue) AS revenue
    FROM shares GROUP BY product_id ORDER BY revenue DESC, quantity DESC, product_id LIMIT {_TOP}
""")  # noqa: S608 - made of constants, values are bound


def list_top_products(session: Session, *, since: datetime, until: datetime) -> Sequence[Any]:
    """Return the products that brought most, under the name by which each was last sold."""
    return session.connection().execute(_PRODUCTS, {"since": since, "until": until}).all()


_CUSTOMERS = text(f"""
    {_SOLD}
    SELECT customer_id, count(*) AS orders, sum(net) AS revenue
    FROM sold GROUP BY customer_id ORDER BY revenue DESC, orders DESC, customer_id LIMIT {_TOP}
""")  # noqa: S608 - made of constants, values are bound


def list_top_customers(session: Session, *, since: datetime, until: datetime) -> Sequence[Any]:
    """Return the customers who brought most."""
    return session.connection().execute(_CUSTOMERS, {"since": since, "until": until}).all()


def count_all_by_status(session: Session) -> dict[str, int]:
    """Return how many orders there are in each status that has any."""
    rows = session.connection().execute(text("SELECT status, count(*) AS orders FROM orders GROUP BY status")).all()
    return {row.status: row.orders for row in rows}


def sum_revenue(session: Session) -> Decimal:
    """Return what was paid since the shop began, less refunds."""
    statement = text("SELECT COALESCE(sum(total - LEAST(refunded, total)), 0) FROM orders WHERE paid_at IS NOT NULL")
    found: Decimal = session.connection().execute(statement).scalar_one()
    return found
