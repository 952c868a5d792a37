"""The life of a reservation: held for an order to come, the order's, sold, and at the end perhaps released.

An event that finds the reservation further on changes nothing, so each transition happens once, in whatever order the
events arrive.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shopsite_catalog.errors import OutOfStock, TotalChanged


class Status(StrEnum):
    """Where a reservation stands."""

    HELD = "held"
    ORDERED = "ordered"
    SOLD = "sold"
    RELEASED = "released"


class Change(StrEnum):
    """What may happen to a reservation. The value of one that releases stands beside the released reservation."""

    ORDERED = "ordered"
    PAID = "paid"
    EXPIRED = "expired"
    GIVEN_BACK = "given_back"
    CANCELLED = "cancelled"
    RESTOCKED = "restocked"


_NEXT: Mapping[Change, tuple[frozenset[Status], Status]] = {
    Change.ORDERED: (frozenset({Status.HELD}), Status.ORDERED),
    Change.PAID: (frozenset({Status.HELD, Status.ORDERED}), Status.SOLD),
    Change.EXPIRED: (frozenset({Status.HELD}), Status.RELEASED),
    Change.GIVEN_BACK: (frozenset({Status.HELD}), Status.RELEASED),
    Change.CANCELLED: (frozenset({Status.HELD, Status.ORDERED, Status.SOLD}), Status.RELEASED),
    Change.RESTOCKED: (frozenset({Status.HELD, Status.ORDERED, Status.SOLD}), Status.RELEASED),
}


def next_status(status: Status, change: Change) -> Status | None:
    """Return where the change leads, or None if the reservation is past it."""
    sources, target = _NEXT[change]
    return target if status in sources else None


def merged(lines: Iterable[tuple[UUID, int]]) -> dict[UUID, int]:
    """Return how many of each product are wanted, in the order of their ids: the order in which rows are locked."""
    wanted: dict[UUID, int] = {}
    for product_id, quantity in lines:
        wanted[product_id] = wanted.get(product_id, 0) + quantity
    return dict(sorted(wanted.items()))


def check_offer(
    wanted: Mapping[UUID, int],
    *,
    prices: Mapping[UUID, Decimal],
    levels: Mapping[UUID, int],
    expected_total: Decimal | None,
) -> None:
    """Refuse what can't be sold as wanted. Products that are not on sale are in neither ``prices`` nor ``levels``.

    Raises:
        TotalChanged: all are on sale, but cost something else than expected.
        OutOfStock: there is too little of some.
    """
    if expected_total is not None and all(product in prices for product in wanted):
        total = sum((prices[product] * quantity for product, quantity in wanted.items()), Decimal(0))
        if total != expected_total:
            raise TotalChanged.of(total)
    short = {
        product: levels.get(product, 0) for product, quantity in wanted.items() if levels.get(product, 0) < quantity
    }
    if short:
        raise OutOfStock.of(short)
