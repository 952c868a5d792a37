"""The services that orders asks: cart, catalog, payments. Each behind a Protocol, so that tests can stand in."""

from decimal import Decimal
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shopsite_common.errors import Conflict, Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.logs import get_logger
from shopsite_common.money import Money
from shopsite_orders.domain.sums import DUPLICATE
from shopsite_orders.errors import OutOfStock, ReservationVoided, TotalChanged

log = get_logger(__name__)
Body = TypeVar("Body", bound=BaseModel)


class CartProduct(BaseModel):
    """The product of a cart's line."""

    id: UUID


class CartLine(BaseModel):
    """A cart's line: its id is what an order remembers."""

    id: UUID
    product: CartProduct
    quantity: int


class CartContent(BaseModel):
    """What is in a cart."""

    items: list[CartLine]


class ReservedLine(BaseModel):
    """A product that is set aside, with the name and price at which it is sold."""

    product_id: UUID
    name: str
    unit_price: Money
    quantity: int


class Reservation(BaseModel):
    """What the catalog set aside for an order."""

    currency: str
    lines: list[ReservedLine]


class _Refund(BaseModel):
    amount: Money
    status: str
    reason: str


class _Payment(BaseModel):
    amount: Money
    status: str
    refunds: list[_Refund]


class _Payments(BaseModel):
    results: list[_Payment]


class Carts(Protocol):
    """Who knows what a customer wants."""

    async def get_cart(self, token: str) -> CartContent:
        """Return the cart of the customer whose token this is."""
        ...


class Catalog(Protocol):
    """Who sets stock aside."""

    async def reserve(
        self, *, order_id: UUID, customer_id: UUID, lines: list[CartLine], expected_total: Decimal | None
    ) -> Reservation:
        """Set everything aside or nothing; the same order id again gives the same answer.

        Raises:
            OutOfStock: something is missing.
            TotalChanged: it costs something else than expected.
            ReservationVoided: the id can no longer become an order.
        """
        ...

    async def give_back(self, order_id: UUID) -> None:
        """Give a reservation back that no order follows, if the catalog can be reached; else it ends by itself."""
        ...


class Payments(Protocol):
    """Who knows of refunds first."""

    async def all_goes_back(self, *, order_id: UUID, token: str) -> bool:
        """Tell whether refunds that have begun take all that was paid for an order; ``token`` is an admin's."""
        ...


class HttpCarts:
    """The cart service over HTTP, on the customer's behalf."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def get_cart(self, token: str) -> CartContent:
        """Read the public cart body."""
        answer = await self._client.request("GET", "/api/cart/me/", token=token)
        return _read(CartContent, answer, "cart")


class HttpCatalog:
    """The catalog over HTTP, with the service token of orders."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def reserve(
        self, *, order_id: UUID, customer_id: UUID, lines: list[CartLine], expected_total: Decimal | None
    ) -> Reservation:
        """Ask for a reservation. A repetition is safe, for the order's id makes it the same request."""
        body = {
            "order_id": str(order_id),
            "customer_id": str(customer_id),
            "lines": [{"product_id": str(line.product.id), "quantity": line.quantity} for line in lines],
            "expected_total": None if expected_total is None else f"{expected_total:.2f}",
        }
        answer = await self._client.request("POST", "/internal/reservations/", json=body, repeatable=True)
        if answer.status_code == HTTPStatus.CONFLICT:
            raise _refusal(answer)
        return _read(Reservation, answer, "catalog")

    async def give_back(self, order_id: UUID) -> None:
        """Delete the reservation."""
        try:
            await self._client.request("DELETE", f"/internal/reservations/{order_id}/")
        except Unavailable:
            log.warning("reservation_left_to_expire", order_id=str(order_id))


class HttpPayments:
    """Payments over HTTP, by its public list, on the admin's behalf."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def all_goes_back(self, *, order_id: UUID, token: str) -> bool:
        """Add up the refunds that have not failed."""
        answer = await self._client.request("GET", "/api/payment/", params={"order": str(order_id)}, token=token)
        payments = _read(_Payments, answer, "payments").results
        return any(_all_goes_back(payment) for payment in payments)


def _all_goes_back(payment: _Payment) -> bool:
    going = [part.amount for part in payment.refunds if part.status != "FAILED" and part.reason != DUPLICATE]
    return payment.status == "REFUNDED" or (bool(going) and sum(going) >= payment.amount)


def _refusal(answer: httpx.Response) -> Conflict:
    try:
        problem: dict[str, Any] = answer.json()
        kind = {error.code: error for error in (OutOfStock, TotalChanged, ReservationVoided)}[problem["code"]]
        return kind(details=problem.get("details"))
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable("catalog", answer) from error


def _read(body: type[Body], answer: httpx.Response, target: str) -> Body:
    if answer.is_success:
        try:
            return body.model_validate_json(answer.content)
        except ValidationError as error:
            raise _unreadable(target, answer) from error
    raise _unreadable(target, answer)


def _unreadable(target: str, answer: httpx.Response) -> Unavailable:
    log.error("answer_not_understood", target=target, status=answer.status_code)
    return Unavailable(f"{target} cannot be understood right now. Please try again shortly.")
