"""Orders, asked for an order as it stands: an event may be late, a cancellation too."""

from typing import Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.logs import get_logger
from shopsite_common.money import Money
from shopsite_payments.domain.payments import OrderSnapshot
from shopsite_payments.errors import UnknownOrder

log = get_logger(__name__)


class Orders(Protocol):
    """Who knows the orders."""

    async def get_order(self, order_id: UUID) -> OrderSnapshot:
        """Return the order.

        Raises:
            UnknownOrder: there is none.
            Unavailable: orders does not answer.
        """
        ...


class _OrderAnswer(BaseModel):
    order_id: UUID
    number: str
    customer_id: UUID
    customer_email: str
    status: str
    total: Money
    currency: str


class HttpOrders:
    """Orders over HTTP, with payments' service token."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def get_order(self, order_id: UUID) -> OrderSnapshot:
        """Return the order as it stands."""
        response = await self._client.request("GET", f"/internal/orders/{order_id}/")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise UnknownOrder
        if response.status_code != httpx.codes.OK:
            log.error("orders_refused", status=response.status_code)
            raise Unavailable("orders cannot be asked right now. Please try again shortly.")
        try:
            answer = _OrderAnswer.model_validate_json(response.content)
        except ValidationError as error:
            raise Unavailable("orders cannot be understood right now. Please try again shortly.") from error
        return OrderSnapshot(**answer.model_dump())
