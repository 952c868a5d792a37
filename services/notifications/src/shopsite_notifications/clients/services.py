"""The two services that are asked something while a mail is made."""

from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel

from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient

_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class ResetLink(BaseModel):
    """A way to a new password; ``link_path`` holds the secret, so it is neither stored nor logged."""

    email: str
    first_name: str
    link_path: str


class Identity(Protocol):
    """What is asked of identity."""

    async def reset_link(self, reset_id: UUID) -> ResetLink | None:
        """Return a fresh link, or None when the reset is used or too old."""
        ...


class Orders(Protocol):
    """What is asked of orders."""

    async def order_number(self, order_id: UUID) -> str | None:
        """Return the number that people know an order by, or None when there is no such order."""
        ...


class HttpIdentity:
    """Identity over HTTP."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def reset_link(self, reset_id: UUID) -> ResetLink | None:
        """Return a fresh link, or None when the reset is used or too old.

        Raises:
            Unavailable: identity gives no answer that can be used.
        """
        # each call makes a new token in place of the last, so one that was lost on the way may be sent again
        answer = await self._client.request("POST", f"/internal/password-resets/{reset_id}/link/", repeatable=True)
        if answer.status_code in _GONE:
            return None
        return ResetLink.model_validate(_body(answer))


class HttpOrders:
    """Orders over HTTP."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def order_number(self, order_id: UUID) -> str | None:
        """Return the number that people know an order by, or None when there is no such order.

        Raises:
            Unavailable: orders gives no answer that can be used.
        """
        answer = await self._client.request("GET", f"/internal/orders/{order_id}/")
        if answer.status_code in _GONE:
            return None
        return str(_body(answer)["number"])


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != HTTPStatus.OK:
        raise Unavailable(f"The answer was {answer.status_code}.")
    body: dict[str, Any] = answer.json()
    return body
