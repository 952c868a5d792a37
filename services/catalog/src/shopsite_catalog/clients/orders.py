"""Orders, asked about what became of a reservation."""

from typing import Protocol
from uuid import UUID

import httpx

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient


class Orders(Protocol):
    """What catalog asks of orders."""

    async def void(self, order_id: UUID) -> bool:
        """Make sure that this id never becomes an order; False if it is one already.

        Raises:
            Unavailable: orders gives no answer.
        """
        ...


class HttpOrders:
    """Orders over HTTP.

    Args:
        client: calls orders, signed as this service.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def void(self, order_id: UUID) -> bool:
        """See ``Orders``. Asking twice is harmless, so a call that may have arrived is repeated."""
        response = await self._client.request("POST", f"/internal/orders/{order_id}/void/", repeatable=True)
        if response.status_code != httpx.codes.OK:
            raise Unavailable(f"orders answered {response.status_code}.")
        return bool(response.json()["voided"])
