"""Reviews, and what a product's reviews come to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from shopsite_catalog.models import author_names, erased_customers, reviews

_r = reviews.c
_READ: Select[Any] = select(
    _r.id,
    _r.product_id.label("product"),
    _r.customer_id.label("customer"),
    _r.author,
    _r.rating,
    _r.comment,
    _r.is_approved,
    _r.created_at,
    _r.updated_at,
)


def find_review(session: Session, review_id: UUID) -> Any:
    """Return a review, or None."""
    return session.connection().execute(_READ.where(_r.id == review_id)).one_or_none()


def visible_to(customer_id: UUID | None) -> ColumnElement[bool]:
    """Return the condition for what a customer may see: approved reviews and their own; None sees the approved."""
    return _r.is_approved if customer_id is None else or_(_r.is_approved, _r.customer_id == customer_id)


def equal_to(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Return the conditions for the public names of columns."""
    columns = {"product": _r.product_id, "customer": _r.customer_id, "rating": _r.rating, "is_approved": _r.is_approved}
    return [columns[name] == value for name, value in filters.items() if value is not None]


def count_reviews(session: Session, *conditions: ColumnElement[bool]) -> int:
    """Return how many reviews match."""
    statement = select(func.count()).select_from(reviews).where(*conditions)
    return session.connection().execute(statement).scalar_one()


def list_reviews(session: Session, *conditions: ColumnElement[bool], offset: int, limit: int) -> Sequence[Any]:
    """Return reviews, newest first."""
    statement = _READ.where(*conditions).order_by(_r.created_at.desc(), _r.id.desc()).offset(offset).limit(limit)
    return session.connection().execute(statement).all()


def insert_review(session: Session, values: Mapping[str, Any]) -> bool:
    """Insert a review; False if the customer has one of this product. The insert is the guard."""
    statement = insert(reviews).values(**values).on_conflict_do_nothing()
    return session.connection().execute(statement).rowcount == 1


def update_review(session: Session, review_id: UUID, values: Mapping[str, Any]) -> bool:
    """Change a review; False if it is gone."""
    return session.connection().execute(update(reviews).where(_r.id == review_id).values(**values)).rowcount == 1


def delete_review(session: Session, review_id: UUID) -> bool:
    """Delete a review; False if it is gone."""
    return session.connection().execute(delete(reviews).where(_r.id == review_id)).rowcount == 1


def recount(session: Session, product_id: UUID) -> None:
    """Set a product's average and count from its approved reviews.

    The product is locked by a statement of its own, so that this one sees what whoever held the lock has committed.
    """
    values = {"product_id": product_id}
    connection = session.connection()
    connection.execute(text("SELECT 1 FROM products WHERE id = :product_id FOR NO KEY UPDATE"), values)
    connection.execute(
        text("""
            UPDATE products SET review_count = r.n, rating_average = r.average
            FROM (
                SELECT count(*) AS n, COALESCE(round(avg(rating), 2), 0) AS average FROM reviews
                WHERE product_id = :product_id AND is_approved
            ) r
            WHERE id = :product_id
        """),
        values,
    )


def is_erased(session: Session, customer_id: UUID) -> bool:
    """Tell whether this account was erased."""
    statement = select(erased_customers).where(erased_customers.c.customer_id == customer_id)
    return session.connection().execute(statement).first() is not None


def hold_author(session: Session, customer_id: UUID) -> None:
    """Keep others from changing this author's name, or writing under it, until the end of the transaction."""
    key = func.hashtextextended(f"author {customer_id}", 0)
    session.connection().execute(select(func.pg_advisory_xact_lock(key)))


def find_name(session: Session, customer_id: UUID) -> str | None:
    """Return what an author is called since they changed their name, or None if they did not."""
    statement = select(author_names.c.name).where(author_names.c.customer_id == customer_id)
    return session.connection().execute(statement).scalar_one_or_none()


def rename_author(session: Session, customer_id: UUID, *, name: str, sequence: int) -> None:
    """Give an author's reviews their new name, if no newer one is known."""
    statement = insert(author_names).values(customer_id=customer_id, name=name, sequence=sequence)
    news = statement.on_conflict_do_update(
        index_elements=["customer_id"],
        set_={"name": statement.excluded.name, "sequence": statement.excluded.sequence},
        where=author_names.c.sequence < statement.excluded.sequence,
    )
    if session.connection().execute(news).rowcount:
        session.connection().execute(update(reviews).where(_r.customer_id == customer_id).values(author=name))


def erase_author(session: Session, customer_id: UUID, *, name: str) -> None:
    """Replace a customer's name in their reviews, for good."""
    connection = session.connection()
    connection.execute(insert(erased_customers).values(customer_id=customer_id).on_conflict_do_nothing())
    connection.execute(delete(author_names).where(author_names.c.customer_id == customer_id))
    connection.execute(update(reviews).where(_r.customer_id == customer_id).values(author=name))
