from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from shopsite_catalog.clients.pictures import StoredPicture
from shopsite_catalog.service import products
from shopsite_common.db import Database
from shopsite_common.errors import Unavailable
from shopsite_common.ids import uuid7
from shopsite_common.testing.credentials import ServiceKeys, TokenMaker

STAFF = UUID("01930000-0000-7000-8000-000000000001")


class FakePictures:
    """A store that remembers, and that can be down."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.down = False

    async def upload(self, public_id: str, data: bytes) -> StoredPicture:
        self._check()
        self.stored[public_id] = data
        return StoredPicture(f"https://pictures.example.com/{public_id}.png", 40, 30)

    async def destroy(self, public_id: str) -> None:
        self._check()
        self.stored.pop(public_id, None)

    def _check(self) -> None:
        if self.down:
            raise Unavailable


class FakeOrders:
    """Orders that knows some ids, and that can be down."""

    def __init__(self) -> None:
        self.known: set[UUID] = set()
        self.voided: list[UUID] = []
        self.down = False

    async def void(self, order_id: UUID) -> bool:
        if self.down:
            raise Unavailable
        if order_id in self.known:
            return False
        self.voided.append(order_id)
        return True


@pytest.fixture
def staff(tokens: TokenMaker) -> dict[str, str]:
    return tokens.headers(STAFF, role="staff")


@pytest.fixture
def by_orders(service_keys: ServiceKeys) -> dict[str, str]:
    return service_keys.headers("orders", "catalog")


@pytest.fixture
def by_cart(service_keys: ServiceKeys) -> dict[str, str]:
    return service_keys.headers("cart", "catalog")


@pytest.fixture
def own(app: Any) -> Any:
    """The process's resources, with pictures and orders that a test can look into."""
    app.state.resources.pictures = FakePictures()
    app.state.resources.orders = FakeOrders()
    return app.state.resources


@pytest.fixture
def make_product(db: Database) -> Callable[..., UUID]:
    def make(**values: Any) -> UUID:
        good = {
            "name": "Linen shirt",
            "description": "",
            "price": "10.00",
            "category": None,
            "tags": [],
            "stock": 10,
            "low_stock_threshold": 2,
            "is_featured": False,
        }
        product_id, _ = db.run_here(products.create_product, values={**good, **values}, actor=None, currency="NGN")
        return product_id

    return make


@pytest.fixture
def stock_of(db: Database) -> Callable[[UUID], int]:
    def read(product_id: UUID) -> int:
        statement = text("SELECT stock FROM products WHERE id = :id")
        return db.run_here(lambda session: session.connection().execute(statement, {"id": product_id}).scalar_one())

    return read


@pytest.fixture
def ledger(db: Database) -> Callable[[UUID], list[tuple[str, int, int]]]:
    def read(product_id: UUID) -> list[tuple[str, int, int]]:
        statement = text("SELECT kind, delta, level FROM stock_movements WHERE product_id = :id ORDER BY seq")
        rows = db.run_here(lambda session: session.connection().execute(statement, {"id": product_id}).all())
        return [(row.kind, row.delta, row.level) for row in rows]

    return read


@pytest.fixture
def reserve(client: httpx.AsyncClient, by_orders: dict[str, str]) -> Callable[..., Any]:
    async def call(
        *lines: tuple[UUID, int], order_id: UUID | None = None, expected_total: str | None = None
    ) -> httpx.Response:
        body = {
            "order_id": str(order_id or uuid7()),
            "customer_id": str(uuid7()),
            "lines": [{"product_id": str(product), "quantity": quantity} for product, quantity in lines],
            "expected_total": expected_total,
        }
        return await client.post("/internal/reservations/", json=body, headers=by_orders)

    return call
