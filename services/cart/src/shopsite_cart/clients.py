"""The catalog, asked about a product that the cart's copy does not know."""

from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shopsite_cart.errors import ProductNotFound
from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.money import Money


class CatalogProduct(BaseModel):
    """A product as the catalog answers it to other services."""

    product_id: UUID
    name: str
    price: Money
    image_url: str | None
    stock: int
    sequence: int


class Catalog(Protocol):
    """Who knows products."""

    async def get_product(self, product_id: UUID) -> CatalogProduct:
        """Return the product.

        Raises:
            ProductNotFound: there is none.
            Unavailable: no answer in time.
        """
        ...


class HttpCatalog:
    """The catalog service over HTTP."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def get_product(self, product_id: UUID) -> CatalogProduct:
        """Ask the catalog's internal route."""
        answer = await self._client.request("GET", f"/internal/products/{product_id}/")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise ProductNotFound
        try:
            answer.raise_for_status()
            return CatalogProduct.model_validate_json(answer.content)
        except (ValidationError, httpx.HTTPStatusError) as error:
            raise Unavailable("The catalog's answer cannot be read. Please try again shortly.") from error
