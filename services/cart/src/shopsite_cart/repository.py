"""All SQL of the cart service."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from shopsite_cart.domain import MAX_QUANTITY, CartView, Line
from shopsite_common.ids import uuid7

_LOCK = text("""
    INSERT INTO carts AS c (id, customer_id, updated_at) VALUES (:id, :customer_id, :now)
    ON CONFLICT (customer_id) DO UPDATE SET updated_at = GREATEST(c.updated_at, excluded.updated_at)
    RETURNING id
""")


def lock_cart(session: Session, *, customer_id: UUID, now: datetime) -> UUID:
    """Make the customer's cart if there is none, and hold its row until the end of the transaction."""
    values = {"id": uuid7(), "customer_id": customer_id, "now": now}
    cart_id: UUID = session.connection().execute(_LOCK, values).scalar_one()
    return cart_id


_MAKE = text("""
    INSERT INTO carts (id, customer_id, updated_at) VALUES (:id, :customer_id, :now)
    ON CONFLICT (customer_id) DO NOTHING
""")


def make_cart(session: Session, *, customer_id: UUID, now: datetime) -> None:
    """Make the customer's cart if there is none."""
    session.connection().execute(_MAKE, {"id": uuid7(), "customer_id": customer_id, "now": now})


_CART = text("""
    SELECT c.id, c.updated_at, i.id AS item_id, i.product_id, i.quantity,
           COALESCE(p.name, '') AS name, COALESCE(p.price, 0) AS price, p.image_url,
           COALESCE(p.stock, 0) AS stock, COALESCE(p.deleted OR p.details_sequence = 0, true) AS deleted
    FROM carts c
    LEFT JOIN cart_items i ON i.cart_id = c.id
    LEFT JOIN products p ON p.product_id = i.product_id
    WHERE c.customer_id = :customer_id
    ORDER BY i.added_at, i.id
""")


def find_cart(session: Session, *, customer_id: UUID) -> CartView | None:
    """Return the customer's cart with its lines, in one statement."""
    rows = session.connection().execute(_CART, {"customer_id": customer_id}).all()
    if not rows:
        return None
    lines = tuple(_line(row) for row in rows if row.item_id is not None)
    return CartView(id=rows[0].id, updated_at=rows[0].updated_at, lines=lines)


def _line(row: Any) -> Line:
    return Line(
        id=row.item_id,
        product_id=row.product_id,
        name=row.name,
        price=row.price,
        image_url=row.image_url,
        stock=row.stock,
        deleted=row.deleted,
        quantity=row.quantity,
    )


_ADD = text(f"""
    INSERT INTO cart_items AS i (id, cart_id, product_id, quantity, added_at)
    VALUES (:id, :cart_id, :product_id, :quantity, :now)
    ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = i.quantity + excluded.quantity
        WHERE i.quantity + excluded.quantity <= {MAX_QUANTITY}
    RETURNING quantity
""")


def add_quantity(session: Session, *, cart_id: UUID, product_id: UUID, quantity: int, now: datetime) -> int | None:
    """Add to a product's line and return what it then holds; None if that were more than a line may."""
    values = {"id": uuid7(), "cart_id": cart_id, "product_id": product_id, "quantity": quantity, "now": now}
    return session.connection().execute(_ADD, values).scalar()


_SET = text("""
    INSERT INTO cart_items (id, cart_id, product_id, quantity, added_at)
    VALUES (:id, :cart_id, :product_id, :quantity, :now)
    ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = excluded.quantity
""")


def set_quantities(session: Session, *, cart_id: UUID, quantities: dict[UUID, int], now: datetime) -> None:
    """Set how many of each product there are; new lines come in the order given."""
    rows = [
        {
            "id": uuid7(),
            "cart_id": cart_id,
            "product_id": product_id,
            "quantity": quantity,
            "now": now + timedelta(microseconds=position),  # keeps the order: lines are read by it
        }
        for position, (product_id, quantity) in enumerate(quantities.items())
    ]
    if rows:
        session.connection().execute(_SET, rows)


def delete_products(session: Session, *, cart_id: UUID, product_ids: Iterable[UUID]) -> int:
    """Take products out; return how many lines that were."""
    statement = text("DELETE FROM cart_items WHERE cart_id = :cart_id AND product_id = ANY(:products)").bindparams(
        bindparam("products", type_=ARRAY(Uuid))
    )
    return session.connection().execute(statement, {"cart_id": cart_id, "products": list(product_ids)}).rowcount


def delete_items(session: Session, *, cart_id: UUID, keep: Iterable[UUID] = ()) -> None:
    """Take everything out but these products."""
    statement = text("DELETE FROM cart_items WHERE cart_id = :cart_id AND product_id <> ALL(:keep)").bindparams(
        bindparam("keep", type_=ARRAY(Uuid))
    )
    session.connection().execute(statement, {"cart_id": cart_id, "keep": list(keep)})


def count_items(session: Session, *, cart_id: UUID) -> int:
    """Return how many lines a cart has."""
    statement = text("SELECT count(*) FROM cart_items WHERE cart_id = :cart_id")
    return int(session.connection().execute(statement, {"cart_id": cart_id}).scalar_one())


# what was ordered leaves the line, and the rest of it is another line: one line is ordered once
_TAKE_ORDERED = text("""
    WITH line AS (
        SELECT i.id, i.quantity FROM cart_items i JOIN carts c ON c.id = i.cart_id
        WHERE i.id = :line_id AND c.customer_id = :customer_id FOR UPDATE OF i
    ), emptied AS (
        DELETE FROM cart_items i USING line WHERE i.id = line.id AND line.quantity <= :quantity
    )
    UPDATE cart_items i SET quantity = i.quantity - :quantity, id = :new_id
    FROM line WHERE i.id = line.id AND line.quantity > :quantity
""")


def take_ordered(session: Session, *, customer_id: UUID, ordered: dict[UUID, int]) -> None:
    """Take the ordered quantities out of their lines, named by line id."""
    rows = [
        {"line_id": line_id, "customer_id": customer_id, "quantity": quantity, "new_id": uuid7()}
        for line_id, quantity in ordered.items()
    ]
    session.connection().execute(_TAKE_ORDERED, rows)


def delete_cart(session: Session, *, customer_id: UUID) -> None:
    """Delete a customer's cart with its lines."""
    session.connection().execute(text("DELETE FROM carts WHERE customer_id = :id"), {"id": customer_id})


_STOCKS = text("""
    SELECT product_id, stock, deleted FROM products WHERE product_id = ANY(:ids) AND (details_sequence > 0 OR deleted)
""").bindparams(bindparam("ids", type_=ARRAY(Uuid)))


def list_stocks(session: Session, product_ids: Sequence[UUID]) -> dict[UUID, tuple[int, bool]]:
    """Return stock and whether it is deleted, of each of these products that the copy knows."""
    rows = session.connection().execute(_STOCKS, {"ids": list(product_ids)}).all()
    return {row.product_id: (row.stock, row.deleted) for row in rows}


_KEEP_PRODUCT = text("""
    INSERT INTO products AS p
        (product_id, name, price, image_url, stock, details_sequence, stock_sequence, deleted)
    VALUES (:product_id, :name, :price, :image_url, :stock, :sequence, :sequence, false)
    ON CONFLICT (product_id) DO UPDATE SET
        name = CASE WHEN :sequence > p.details_sequence THEN excluded.name ELSE p.name END,
        price = CASE WHEN :sequence > p.details_sequence THEN excluded.price ELSE p.price END,
        image_url = CASE WHEN :sequence > p.details_sequence THEN excluded.image_url ELSE p.image_url END,
        stock = CASE WHEN :sequence > p.stock_sequence THEN excluded.stock ELSE p.stock END,
        details_sequence = GREATEST(p.details_sequence, :sequence),
        stock_sequence = GREATEST(p.stock_sequence, :sequence)
""")


def keep_product(
    session: Session,
    *,
    product_id: UUID,
    name: str,
    price: Decimal,
    image_url: str | None,
    stock: int,
    sequence: int,
) -> None:
    """Keep a product's whole state, each part of it only if it is news; a deletion stays one."""
    values = {
        "product_id": product_id,
        "name": name,
        "price": price,
        "image_url": image_url,
        "stock": stock,
        "sequence": sequence,
    }
    session.connection().execute(_KEEP_PRODUCT, values)


_KEEP_STOCK = text("""
    INSERT INTO products AS p (product_id, name, price, stock, details_sequence, stock_sequence, deleted)
    VALUES (:product_id, '', 0, :stock, 0, :sequence, false)
    ON CONFLICT (product_id) DO UPDATE SET stock = excluded.stock, stock_sequence = :sequence
        WHERE p.stock_sequence < :sequence
""")


def keep_stock(session: Session, *, product_id: UUID, stock: int, sequence: int) -> None:
    """Keep a product's stock if it is news."""
    session.connection().execute(_KEEP_STOCK, {"product_id": product_id, "stock": stock, "sequence": sequence})


_KEEP_DELETION = text("""
    INSERT INTO products AS p (product_id, name, price, stock, details_sequence, stock_sequence, deleted)
    VALUES (:product_id, '', 0, 0, 0, 0, true)
    ON CONFLICT (product_id) DO UPDATE SET deleted = true
""")


def keep_deletion(session: Session, *, product_id: UUID) -> None:
    """Keep that a product is no longer sold; nothing that comes later, or late, undoes it."""
    session.connection().execute(_KEEP_DELETION, {"product_id": product_id})


def list_products_in_carts(session: Session) -> list[UUID]:
    """Return every product that lies in some cart."""
    rows = session.connection().execute(text("SELECT DISTINCT product_id FROM cart_items ORDER BY product_id"))
    return list(rows.scalars())
