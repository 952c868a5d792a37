"""The sample catalog, for a shop that never had a product."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_catalog.repository import products
from shopsite_catalog.service.products import create_product


def load_samples(session: Session, *, samples: Sequence[dict[str, Any]], currency: str) -> int:
    """Put sample products on sale if there never was a product; return how many were made."""
    products.lock_samples(session)
    if not products.is_empty(session):
        return 0
    for sample in samples:
        create_product(session, values=sample, actor=None, currency=currency)
    return len(samples)


def list_without_picture(session: Session, *, limit: int) -> Sequence[tuple[UUID, str, str]]:
    """Return products on sale that have no picture: id, name, category."""
    return [(row.id, row.name, row.category or "") for row in products.without_picture(session, limit=limit)]
