"""Pictures of products, and those that are still to be destroyed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import Session

from shopsite_catalog.models import image_destroys, product_images

_i, _d = product_images.c, image_destroys.c


def next_position(session: Session, product_id: UUID) -> tuple[int, int]:
    """Return how many pictures a product has, pending ones too, and the next position; the product is locked."""
    statement = select(func.count(), func.coalesce(func.max(_i.position) + 1, 0)).where(_i.product_id == product_id)
    count, position = session.connection().execute(statement).one()
    return int(count), int(position)


def insert_pending(
    session: Session, *, image_id: UUID, product_id: UUID, public_id: str, position: int, at: datetime
) -> None:
    """Insert a picture that is about to be uploaded."""
    row = {"id": image_id, "product_id": product_id, "public_id": public_id, "position": position, "created_at": at}
    session.connection().execute(insert(product_images).values(**row, ready=False, url="", width=0, height=0))


def mark_ready(session: Session, image_id: UUID, *, url: str, width: int, height: int) -> Any:
    """Note where an uploaded picture is and return its row, or None if it was given up meanwhile."""
    statement = (
        update(product_images)
        .where(_i.id == image_id)
        .values(ready=True, url=url, width=width, height=height)
        .returning(_i.id, _i.url, _i.width, _i.height, _i.position)
    )
    return session.connection().execute(statement).one_or_none()


def delete_image(session: Session, *, product_id: UUID, image_id: UUID) -> str | None:
    """Delete a picture's row; return the id under which the picture is stored, or None if there is no such row."""
    statement = delete(product_images).where(_i.id == image_id, _i.product_id == product_id).returning(_i.public_id)
    return session.connection().execute(statement).scalar_one_or_none()


def give_up_pending(session: Session, *, older_than: datetime) -> Sequence[str]:
    """Delete rows whose upload never came to an end; return the ids under which something may be stored."""
    statement = delete(product_images).where(~_i.ready, _i.created_at < older_than).returning(_i.public_id)
    return session.connection().execute(statement).scalars().all()


def queue_destroy(session: Session, public_ids: Sequence[str], *, at: datetime) -> None:
    """Note pictures that are to be destroyed."""
    rows = [{"public_id": each, "attempts": 0, "retry_at": at} for each in public_ids]
    if rows:
        session.connection().execute(upsert(image_destroys).values(rows).on_conflict_do_nothing())


def list_destroys(session: Session, *, now: datetime, limit: int) -> Sequence[Any]:
    """Return pictures whose destruction is due."""
    statement = select(_d.public_id, _d.attempts).where(_d.retry_at <= now).order_by(_d.retry_at).limit(limit)
    return session.connection().execute(statement).all()


def forget_destroy(session: Session, public_id: str) -> None:
    """Note that a picture is gone."""
    session.connection().execute(delete(image_destroys).where(_d.public_id == public_id))


def postpone_destroy(session: Session, public_id: str, *, now: datetime, delay: timedelta) -> None:
    """Note that a picture could not be destroyed yet."""
    values = {"attempts": _d.attempts + 1, "retry_at": now + delay}
    session.connection().execute(update(image_destroys).where(_d.public_id == public_id).values(values))
