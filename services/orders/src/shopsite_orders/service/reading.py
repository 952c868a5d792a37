"""What people and services read of orders."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from shopsite_common.pagination import PageRequest
from shopsite_orders.domain.views import OrderView
from shopsite_orders.errors import OrderNotFound
from shopsite_orders.repository import reading as repository
from shopsite_orders.repository.reading import OrderFilter


def list_views(session: Session, *, wanted: OrderFilter, paging: PageRequest) -> tuple[int, list[OrderView]]:
    """Return how many orders there are of that kind, and a page of them, newest first."""
    count = repository.count_orders(session, wanted)
    paging.check(count)
    return count, repository.list_orders(session, wanted, limit=paging.size, offset=paging.offset)


def get_view(session: Session, *, order_id: UUID, customer_id: UUID | None = None) -> OrderView:
    """Return an order with its items and history.

    Args:
        customer_id: whose it must be; None for an admin, who sees all.

    Raises:
        OrderNotFound: there is none such.
    """
    view = repository.find_view(session, order_id)
    if view is None or (customer_id is not None and view.order.customer_id != customer_id):
        raise OrderNotFound
    return view


def get_row(session: Session, *, order_id: UUID) -> Any:
    """Return an order's row, for other services.

    Raises:
        OrderNotFound: there is none such.
    """
    row = repository.find_row(session, order_id)
    if row is None:
        raise OrderNotFound
    return row


def get_timeline(session: Session, *, order_id: UUID, customer_id: UUID | None) -> Sequence[Any]:
    """Return an order's story, oldest first: all of it for an admin, else what concerns the customer.

    Raises:
        OrderNotFound: there is none such.
    """
    row = get_row(session, order_id=order_id)
    if customer_id is not None and row.customer_id != customer_id:
        raise OrderNotFound
    return repository.list_timeline(session, order_id, everything=customer_id is None)
