"""Reviews: who may write what, and what a product's reviews come to."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.errors import AlreadyReviewed, NotPurchased
from shopsite_catalog.repository import products, reservations, reviews
from shopsite_common.audit import record_action
from shopsite_common.clock import utcnow
from shopsite_common.errors import Forbidden, NotFound, ValidationFailed
from shopsite_common.ids import uuid7
from shopsite_common.pagination import PageRequest
from shopsite_common.tokens import Principal

ERASED_NAME = "Former customer"
_LONGEST_NAME = 150


def list_reviews(
    session: Session, *, viewer: Principal, filters: Mapping[str, Any], paging: PageRequest
) -> tuple[int, Sequence[Any]]:
    """Return how many reviews match that the viewer may see, and those of the page.

    Raises:
        NotFound: the page is past the end.
    """
    conditions = reviews.equal_to(filters)
    if not viewer.is_staff:
        conditions.append(reviews.visible_to(viewer.id))
    return _page(session, conditions, paging)


def list_reviews_of_product(session: Session, *, product_id: UUID, paging: PageRequest) -> tuple[int, Sequence[Any]]:
    """Return how many approved reviews a product has, and those of the page.

    Raises:
        NotFound: no such product is on sale, or the page is past the end.
    """
    if products.find_card(session, product_id) is None:
        raise NotFound
    return _page(session, [*reviews.equal_to({"product": product_id}), reviews.visible_to(None)], paging)


def get_review(session: Session, *, review_id: UUID, viewer: Principal) -> Any:
    """Return a review.

    Raises:
        NotFound: there is none, or the viewer may not see it.
    """
    row = reviews.find_review(session, review_id)
    if row is None or not (row.is_approved or row.customer == viewer.id or viewer.is_staff):
        raise NotFound
    return row


def create_review(
    session: Session, *, author: Principal, product_id: UUID, rating: int, comment: str, approved: bool
) -> Any:
    """Review a product that the author bought, once.

    Raises:
        NotFound: no such product is on sale.
        NotPurchased: it is in no order of the author's that was paid and not refunded.
        AlreadyReviewed: the author has reviewed it.
    """
    if products.find_card(session, product_id) is None:
        raise NotFound
    if not reservations.has_bought(session, customer_id=author.id, product_id=product_id):
        raise NotPurchased
    review_id, now = uuid7(), utcnow()
    values = {
        "id": review_id,
        "product_id": product_id,
        "customer_id": author.id,
        "author": _name_of(session, author),
        "rating": rating,
        "comment": comment,
        "is_approved": approved,
        "created_at": now,
        "updated_at": now,
    }
    if not reviews.insert_review(session, values):
        raise AlreadyReviewed
    _recount(session, product_id)
    return reviews.find_review(session, review_id)


def update_review(session: Session, *, review_id: UUID, editor: Principal, changes: Mapping[str, Any]) -> Any:
    """Change a review: its author, or staff; only staff approve.

    Raises:
        NotFound: there is none, or it is another customer's.
        Forbidden: a customer tried to approve.
        ValidationFailed: a review can't move to another product.
    """
    row = _own(session, review_id, editor)
    if "is_approved" in changes and not editor.is_staff:
        raise Forbidden("Only staff approve reviews.")
    if changes.get("product", row.product) != row.product:
        raise ValidationFailed.of(product="A review cannot move to another product.")
    values = {name: value for name, value in changes.items() if name != "product"}
    if values:
        if not reviews.update_review(session, review_id, {**values, "updated_at": utcnow()}):
            raise NotFound
        _recount(session, row.product)
        _audit(session, editor, row, action="review.update", changes=_told(values))
    return reviews.find_review(session, review_id)


def delete_review(session: Session, *, review_id: UUID, editor: Principal) -> UUID:
    """Delete a review: its author, or staff; return the product that it was of.

    Raises:
        NotFound: there is none, or it is another customer's.
    """
    row = _own(session, review_id, editor)
    if not reviews.delete_review(session, review_id):
        raise NotFound
    _recount(session, row.product)
    _audit(session, editor, row, action="review.delete", changes={})
    product_id: UUID = row.product
    return product_id


def rename_author(session: Session, *, customer_id: UUID, name: str, sequence: int) -> None:
    """Show an author under the name that they have now; what was told earlier changes nothing."""
    reviews.hold_author(session, customer_id)
    if not reviews.is_erased(session, customer_id):
        reviews.rename_author(session, customer_id, name=name[:_LONGEST_NAME], sequence=sequence)


def erase_author(session: Session, *, customer_id: UUID) -> None:
    """Take the name of an erased customer out of what they wrote."""
    reviews.hold_author(session, customer_id)
    reviews.erase_author(session, customer_id, name=ERASED_NAME)


def _name_of(session: Session, author: Principal) -> str:
    """Return an author's newest name: the access token may be older than a change of it."""
    reviews.hold_author(session, author.id)
    if reviews.is_erased(session, author.id):
        return ERASED_NAME
    return reviews.find_name(session, author.id) or author.name[:_LONGEST_NAME]


def _page(session: Session, conditions: Sequence[Any], paging: PageRequest) -> tuple[int, Sequence[Any]]:
    count = reviews.count_reviews(session, *conditions)
    paging.check(count)
    return count, reviews.list_reviews(session, *conditions, offset=paging.offset, limit=paging.size)


def _own(session: Session, review_id: UUID, editor: Principal) -> Any:
    row = reviews.find_review(session, review_id)
    if row is None or not (row.customer == editor.id or editor.is_staff):
        raise NotFound
    return row


def _recount(session: Session, product_id: UUID) -> None:
    reviews.recount(session, product_id)
    products.mark_changed(session, product_id)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit log may know: that a comment changed, but not what a person wrote."""
    return {name: "changed" if name == "comment" else value for name, value in values.items()}


def _audit(session: Session, editor: Principal, row: Any, *, action: str, changes: dict[str, Any]) -> None:
    if row.customer != editor.id:
        record_action(
            session, actor_id=editor.id, action=action, object_type="review", object_id=row.id, changes=changes
        )
