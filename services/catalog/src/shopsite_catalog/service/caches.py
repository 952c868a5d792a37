"""The caches' own small outbox: what changed and was not yet told to them."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from shopsite_catalog.repository import products


def list_cache_marks(session: Session, *, limit: int) -> Sequence[Any]:
    """Return notes of changed products, the oldest first."""
    return products.cache_marks_left(session, limit=limit)


def forget_cache_marks(session: Session, *, ids: Sequence[int]) -> None:
    """Forget notes that the caches have heard."""
    products.delete_cache_marks(session, ids)
