"""Stock, whatever happens to orders in whatever order: after each step the database agrees with a plain model."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from shopsite_catalog.consumers import HANDLERS
from shopsite_catalog.errors import OutOfStock, ReservationVoided, StockOutOfRange
from shopsite_catalog.service import reservations, stock
from shopsite_common.clock import utcnow
from shopsite_common.events import OrderCancelled, OrderCreated, OrderLine, OrderPaid, OrderRefunded
from shopsite_common.ids import uuid7
from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.messages import deliver, event_of

pytestmark = pytest.mark.integration


class Order:
    """What the model knows of an order: how many pieces, and whether they came back."""

    def __init__(self, quantity):
        self.id, self.customer = uuid7(), uuid7()
        self.quantity = quantity
        self.back = False
        self.known = False


class Stock(RuleBasedStateMachine):
    """One product, and orders whose events come in any order and more than once."""

    orders = Bundle("orders")

    def __init__(self, db, product):
        super().__init__()
        self.db, self.product = db, product
        self.level = 10
        self.heard = {}

    @rule(delta=st.integers(-15, 15).filter(bool))
    def adjust(self, delta):
        change = {"product_id": self.product, "delta": delta, "reason": "counted", "actor": uuid7()}
        if self.level + delta < 0:
            with pytest.raises(StockOutOfRange):
                self.db.run_here(stock.adjust_stock, **change)
        else:
            self.level += delta
            assert self.db.run_here(stock.adjust_stock, **change) == self.level

    @rule(target=orders, quantity=st.integers(1, 6))
    def reserve(self, quantity):
        order = Order(quantity)
        if quantity > self.level:
            with pytest.raises(OutOfStock):
                self._reserve(order)
            order.back = True
            order.quantity = 0
        else:
            assert self._reserve(order)[0]
            self.level -= quantity
        return order

    @rule(order=orders)
    def reserve_again(self, order):
        if not order.quantity:
            return
        if order.back:
            with pytest.raises(ReservationVoided):
                self._reserve(order)
        else:
            assert not self._reserve(order)[0]

    @rule(order=orders)
    def give_back_what_nobody_ordered(self, order):
        if order.quantity and not order.known:
            self.db.run_here(reservations.give_back_reservation, order_id=order.id)
            self._comes_back(order)

    @rule(order=orders)
    def is_created(self, order):
        now = utcnow()
        self._hears(order, OrderCreated, created_at=now, payment_due_at=now)

    @rule(order=orders)
    def is_paid(self, order):
        self._hears(order, OrderPaid, payment_id=uuid7(), reference="r", channel="card", paid_at=utcnow())

    @rule(order=orders)
    def is_cancelled(self, order):
        if self._hears(order, OrderCancelled, reason="admin", paid=True, cancelled_at=utcnow()):
            self._comes_back(order)

    @rule(order=orders, restock=st.booleans())
    def is_refunded(self, order, restock):
        if self._hears(order, OrderRefunded, restock=restock, refunded_at=utcnow()) and restock:
            self._comes_back(order)

    @rule(order=orders)
    def hears_the_same_again(self, order):
        for event in self.heard.get(order.id, []):
            assert deliver(self.db, HANDLERS, event) == ["duplicate"]

    @invariant()
    def the_stock_is_the_models(self):
        statement = text("SELECT stock FROM products WHERE id = :id")
        found = self.db.run_here(lambda s: s.connection().execute(statement, {"id": self.product}).scalar_one())
        assert found == self.level >= 0

    @invariant()
    def the_ledger_adds_up(self):
        assert self.db.run_here(stock.list_miscounted) == []

    def _reserve(self, order):
        return self.db.run_here(
            reservations.reserve_stock,
            order_id=order.id,
            customer_id=order.customer,
            lines=[(self.product, order.quantity)],
            expected_total=None,
            hold=timedelta(minutes=2),
            currency="NGN",
        )

    def _hears(self, order, kind, **fields):
        """Deliver an event of an order that could exist: its stock was taken, and its id is not void."""
        if not order.quantity or (order.back and not order.known):
            return False
        order.known = True
        line = OrderLine(
            product_id=self.product,
            cart_line_id=uuid7(),
            name="Shirt",
            unit_price=Decimal(10),
            quantity=order.quantity,
            subtotal=Decimal(10) * order.quantity,
        )
        common = {"order_id": order.id, "number": "SO-1", "customer_id": order.customer, "items": [line]}
        event = event_of(kind(**common, total=line.subtotal, currency="NGN", **fields))
        assert deliver(self.db, HANDLERS, event) == ["done"]
        self.heard.setdefault(order.id, []).append(event)
        return True

    def _comes_back(self, order):
        if not order.back:
            order.back = True
            self.level += order.quantity


@pytest.mark.timeout(900)
def test_stock_agrees_with_a_model_in_every_order_of_events(db, make_product):
    many = settings(
        max_examples=200 if is_long_run() else 12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: Stock(db, make_product(stock=10)), settings=many)
