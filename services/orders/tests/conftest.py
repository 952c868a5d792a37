"""Fixtures of the orders tests."""

from datetime import timedelta
from decimal import Decimal

import pytest

from shopsite_common.clock import utcnow
from shopsite_common.events import (
    PaymentFailed,
    PaymentHeld,
    PaymentInitiated,
    PaymentRefunded,
    PaymentReleased,
    PaymentSucceeded,
    RefundFailed,
    RefundStarted,
)
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, event_of
from shopsite_orders.clients import CartContent, CartLine, CartProduct, Reservation, ReservedLine
from shopsite_orders.consumers import HANDLERS
from shopsite_orders.domain.sums import SoldLine
from shopsite_orders.errors import OutOfStock, TotalChanged
from shopsite_orders.service import placing


@pytest.fixture(scope="session")
def service_package() -> str:
    """The package under test."""
    return "shopsite_orders"


class FakeCarts:
    """One cart for whoever asks; a test fills it."""

    def __init__(self):
        self.lines = []

    def put(self, product_id, quantity=1):
        self.lines.append(CartLine(id=uuid7(), product=CartProduct(id=product_id), quantity=quantity))

    async def get_cart(self, token):  # noqa: ARG002 - the Protocol's
        return CartContent(items=list(self.lines))


class FakeCatalog:
    """Products with price and stock; reservations by order id."""

    def __init__(self):
        self.products = {}
        self.reserved = {}
        self.given_back = []

    def sell(self, price="10.00", stock=100, name="Mug"):
        product_id = uuid7()
        self.products[product_id] = [Decimal(price), stock, name]
        return product_id

    async def reserve(self, *, order_id, customer_id, lines, expected_total):  # noqa: ARG002 - the Protocol's
        known = {line.product.id: self.products.get(line.product.id, [Decimal(0), 0, ""]) for line in lines}
        missing = {
            str(line.product.id): {"available": known[line.product.id][1]}
            for line in lines
            if known[line.product.id][1] < line.quantity
        }
        if missing:
            raise OutOfStock(details=missing)
        total = sum(known[line.product.id][0] * line.quantity for line in lines)
        if expected_total is not None and expected_total != total:
            raise TotalChanged(details={"total": f"{total:.2f}"})
        for line in lines:
            known[line.product.id][1] -= line.quantity
        self.reserved[order_id] = {line.product.id: line.quantity for line in lines}
        return Reservation(
            currency="NGN",
            lines=[
                ReservedLine(
                    product_id=line.product.id,
                    name=known[line.product.id][2],
                    unit_price=known[line.product.id][0],
                    quantity=line.quantity,
                )
                for line in lines
            ],
        )

    async def give_back(self, order_id):
        self.given_back.append(order_id)
        for product_id, quantity in self.reserved.pop(order_id).items():
            self.products[product_id][1] += quantity


class FakePayments:
    """Tells what a test told it."""

    def __init__(self):
        self.going_back = set()

    async def all_goes_back(self, *, order_id, token):  # noqa: ARG002 - the Protocol's
        return order_id in self.going_back


@pytest.fixture
def others(app):
    """The services that orders asks, as fakes."""
    resources = app.state.resources
    resources.carts, resources.catalog, resources.payments = FakeCarts(), FakeCatalog(), FakePayments()
    return resources


class Shop:
    """Orders without HTTP, and what payments would tell of them."""

    def __init__(self, db):
        self.db = db
        self.sequence = 0

    @staticmethod
    def line(price="10.00", quantity=2, *, product_id=None, name="Mug"):
        return SoldLine(product_id or uuid7(), uuid7(), name, Decimal(price), quantity)

    def draft(self, *lines, customer_id=None, order_id=None):
        return placing.Draft(
            order_id=order_id or uuid7(),
            customer_id=customer_id or uuid7(),
            customer_email="ada@example.com",
            shipping_address="1 Main St",
            billing_address="2 Main St",
            currency="NGN",
            lines=lines or (self.line(),),
        )

    def place(self, *lines, term=timedelta(minutes=30), **who):
        view = self.db.run_here(placing.place_order, draft=self.draft(*lines, **who), term=term, max_unpaid=10)
        return view.order

    def hear(self, data, sequence=None):
        self.sequence += 1
        return deliver(self.db, HANDLERS, event_of(data, sequence=sequence or self.sequence))

    def _about(self, order, **changes):
        about = {
            "payment_id": uuid7(),
            "order_id": order.id,
            "customer_id": order.customer_id,
            "reference": "ref-1",
            "amount": order.total,
            "currency": order.currency,
        }
        return about | changes

    def begin(self, order):
        return self.hear(PaymentInitiated(**self._about(order)))

    def pay(self, order, at=None):
        return self.hear(PaymentSucceeded(**self._about(order), channel="card", paid_at=at or utcnow()))

    def decline(self, order):
        return self.hear(PaymentFailed(**self._about(order), reason="Declined"))

    def hold(self, order, reason="amount_mismatch", until=None, *, sequence=None):
        return self.hear(
            PaymentHeld(
                **self._about(order), paid_amount=Decimal(1), paid_currency="NGN", reason=reason, held_until=until
            ),
            sequence,
        )

    def release(self, order, *, sequence=None):
        return self.hear(PaymentReleased(payment_id=uuid7(), order_id=order.id, reference="paid"), sequence)

    def start_refund(self, order, amount=None, *, refund_id=None, full=True, reason="admin", sequence=None):
        return self.hear(RefundStarted(**self._refund(order, amount, refund_id, full, reason)), sequence)

    def finish_refund(self, order, amount=None, *, refund_id=None, full=True, reason="admin", sequence=None):
        return self.hear(PaymentRefunded(**self._refund(order, amount, refund_id, full, reason)), sequence)

    def fail_refund(self, order, amount=None, *, refund_id=None, full=True, status="FAILED", sequence=None):
        data = self._refund(order, amount, refund_id, full, "admin")
        return self.hear(RefundFailed(**data, status=status), sequence)

    def _refund(self, order, amount, refund_id, full, reason):
        about = self._about(order, amount=Decimal(amount) if amount else order.total)
        return about | {"refund_id": refund_id or uuid7(), "reason": reason, "full": full}


@pytest.fixture
def shop(db):
    return Shop(db)
