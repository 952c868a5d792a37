"""Pictures: the row comes before the upload, so that nothing is ever stored that no row knows of."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.errors import TooManyImages
from shopsite_catalog.repository import images, products
from shopsite_catalog.service.announcing import announce_product
from shopsite_common.audit import record_action
from shopsite_common.clock import utcnow
from shopsite_common.errors import NotFound
from shopsite_common.ids import uuid7

MAX_IMAGES = 20
_ABANDONED_AFTER = timedelta(minutes=10)
_MAX_DELAY = timedelta(hours=1)


def begin_image(session: Session, *, product_id: UUID) -> tuple[UUID, str]:
    """Note that a picture is about to be uploaded; return its id and the id under which it is to be stored.

    Raises:
        NotFound: no such product is on sale.
        TooManyImages: the product has enough of them.
    """
    if products.lock_product(session, product_id) is None:
        raise NotFound
    count, position = images.next_position(session, product_id)
    if count >= MAX_IMAGES:
        raise TooManyImages
    image_id = uuid7()
    public_id = f"shopsite/products/{product_id}/{image_id}"
    images.insert_pending(
        session, image_id=image_id, product_id=product_id, public_id=public_id, position=position, at=utcnow()
    )
    return image_id, public_id


def finish_image(
    session: Session,
    *,
    product_id: UUID,
    image_id: UUID,
    url: str,
    width: int,
    height: int,
    actor: UUID | None,
    currency: str,
) -> Any:
    """Show an uploaded picture with its product; return its row.

    Raises:
        NotFound: the product, or the row of the upload, is gone meanwhile.
    """
    if products.lock_product(session, product_id) is None:
        raise NotFound
    row = images.mark_ready(session, image_id, url=url, width=width, height=height)
    if row is None:
        raise NotFound
    announce_product(session, product_id, currency=currency)
    if actor is not None:
        _audit(session, actor, product_id, "product.image.add", image_id)
    return row


def abandon_image(session: Session, *, product_id: UUID, image_id: UUID, public_id: str) -> None:
    """Forget an upload that failed; what of it may be stored all the same is destroyed."""
    images.delete_image(session, product_id=product_id, image_id=image_id)
    images.queue_destroy(session, [public_id], at=utcnow())


def delete_image(session: Session, *, product_id: UUID, image_id: UUID, actor: UUID, currency: str) -> None:
    """Take a picture from its product; the stored one is destroyed soon after.

    Raises:
        NotFound: no such product is on sale, or it has no such picture.
    """
    if products.lock_product(session, product_id) is None:
        raise NotFound
    public_id = images.delete_image(session, product_id=product_id, image_id=image_id)
    if public_id is None:
        raise NotFound
    images.queue_destroy(session, [public_id], at=utcnow())
    announce_product(session, product_id, currency=currency)
    _audit(session, actor, product_id, "product.image.delete", image_id)


def give_up_uploads(session: Session) -> int:
    """Forget uploads whose process died between row and end; return how many."""
    now = utcnow()
    public_ids = images.give_up_pending(session, older_than=now - _ABANDONED_AFTER)
    images.queue_destroy(session, public_ids, at=now)
    return len(public_ids)


def list_destroys(session: Session, *, limit: int) -> Sequence[Any]:
    """Return stored pictures whose destruction is due."""
    return images.list_destroys(session, now=utcnow(), limit=limit)


def note_destroyed(session: Session, *, public_id: str) -> None:
    """Note that a stored picture is gone."""
    images.forget_destroy(session, public_id)


def postpone_destroy(session: Session, *, public_id: str, attempts: int) -> None:
    """Note that a stored picture could not be destroyed; it is tried again, later each time."""
    delay = min(timedelta(seconds=2 ** min(attempts, 12)), _MAX_DELAY)
    images.postpone_destroy(session, public_id, now=utcnow(), delay=delay)


def _audit(session: Session, actor: UUID, product_id: UUID, action: str, image_id: UUID) -> None:
    record_action(
        session,
        actor_id=actor,
        action=action,
        object_type="product",
        object_id=product_id,
        changes={"image": str(image_id)},
    )
