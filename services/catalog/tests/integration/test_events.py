from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import text

from shopsite_catalog.consumers import HANDLERS
from shopsite_catalog.service import reservations, stock
from shopsite_common.clock import utcnow
from shopsite_common.events import (
    CustomerDeleted,
    OrderCancelled,
    OrderCreated,
    OrderLine,
    OrderPaid,
    OrderRefunded,
    StockChanged,
)
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, emitted, event_of

pytestmark = pytest.mark.integration


class Order:
    """An order of two pieces of one product, and the events of its life."""

    def __init__(self, db, product, *, reserved=True):
        self.db, self.product = db, product
        self.order_id, self.customer_id = uuid7(), uuid7()
        line = OrderLine(
            product_id=product,
            cart_line_id=uuid7(),
            name="Shirt",
            unit_price=Decimal(10),
            quantity=2,
            subtotal=Decimal(20),
        )
        self.common = {
            "order_id": self.order_id,
            "number": "SO-1",
            "customer_id": self.customer_id,
            "items": [line],
            "total": Decimal(20),
            "currency": "NGN",
        }
        if reserved:
            db.run_here(
                reservations.reserve_stock,
                order_id=self.order_id,
                customer_id=self.customer_id,
                lines=[(product, 2)],
                expected_total=None,
                hold=timedelta(minutes=2),
                currency="NGN",
            )

    def created(self):
        now = utcnow()
        return OrderCreated(**self.common, created_at=now, payment_due_at=now)

    def paid(self):
        return OrderPaid(**self.common, payment_id=uuid7(), reference="r", channel="card", paid_at=utcnow())

    def cancelled(self, reason="admin"):
        return OrderCancelled(**self.common, reason=reason, paid=True, cancelled_at=utcnow())

    def refunded(self, *, restock):
        return OrderRefunded(**self.common, restock=restock, refunded_at=utcnow())

    def hears(self, *events):
        for event in events:
            assert deliver(self.db, HANDLERS, event_of(event)) == ["done"]

    @property
    def status(self):
        statement = text("SELECT status FROM reservations WHERE order_id = :id")
        return self.db.run_here(
            lambda session: session.connection().execute(statement, {"id": self.order_id}).scalar_one()
        )

    @property
    def may_review(self):
        statement = text("SELECT count(*) FROM purchases WHERE customer_id = :id")
        return self.db.run_here(
            lambda session: session.connection().execute(statement, {"id": self.customer_id}).scalar_one() > 0
        )


@pytest.fixture
def make_order(db, make_product):
    def make(**options):
        return Order(db, make_product(stock=5), **options)

    return make


def test_a_created_order_keeps_its_stock(make_order, stock_of):
    order = make_order()

    order.hears(order.created(), order.created())

    assert (order.status, stock_of(order.product)) == ("ordered", 3)


def test_a_known_order_cannot_give_its_stock_back(db, make_order, stock_of):
    order = make_order()
    order.hears(order.created())

    db.run_here(reservations.give_back_reservation, order_id=order.order_id)

    assert (order.status, stock_of(order.product)) == ("ordered", 3)


def test_a_paid_order_is_a_sale_and_may_be_reviewed(make_order, ledger, db):
    order = make_order()

    order.hears(order.created(), order.paid(), order.paid())

    assert (order.status, order.may_review) == ("sold", True)
    assert ledger(order.product) == [("initial", 5, 5), ("reservation", -2, 3), ("sale", 0, 3)]
    assert db.run_here(stock.recount_stock) == []


def test_an_event_delivered_twice_is_a_duplicate(db, make_order, stock_of):
    order = make_order()
    event = event_of(order.cancelled())

    assert [deliver(db, HANDLERS, event) for _ in range(2)] == [["done"], ["duplicate"]]
    assert stock_of(order.product) == 5


@pytest.mark.parametrize("order_of_events", list(permutations(["created", "paid", "cancelled"])))
def test_a_cancelled_order_returns_its_stock_once_in_any_order_of_events(
    make_order, stock_of, ledger, order_of_events, session
):
    order = make_order()

    order.hears(*(getattr(order, name)() for name in order_of_events), order.refunded(restock=True))

    assert (order.status, stock_of(order.product), order.may_review) == ("released", 5, False)
    assert [row for row in ledger(order.product) if row[0] == "return"] == [("return", 2, 5)]
    moves = [event.delta for event in emitted(session, "catalog") if isinstance(event, StockChanged)]
    assert moves == [-2, 2]


@pytest.mark.parametrize("order_of_events", list(permutations(["created", "paid", "refunded"])))
def test_a_refund_before_shipping_returns_the_stock_once_in_any_order(make_order, stock_of, order_of_events):
    order = make_order()
    events = {"created": order.created(), "paid": order.paid(), "refunded": order.refunded(restock=True)}

    order.hears(*(events[name] for name in order_of_events), order.refunded(restock=True))

    assert (order.status, stock_of(order.product), order.may_review) == ("released", 5, False)


def test_a_refund_after_shipping_takes_the_review_but_returns_no_stock(make_order, stock_of):
    order = make_order()

    order.hears(order.created(), order.paid(), order.refunded(restock=False))

    assert (order.status, stock_of(order.product), order.may_review) == ("sold", 3, False)


def test_who_cancels_is_in_the_ledger_if_it_was_the_customer(make_order, session):
    order = make_order()

    order.hears(order.cancelled(reason="customer"))

    statement = text("SELECT actor FROM stock_movements WHERE kind = 'return'")
    assert session.connection().execute(statement).scalar_one() == order.customer_id


def test_an_order_without_a_reservation_moves_no_stock(make_order, stock_of):
    order = make_order(reserved=False)

    order.hears(order.created(), order.paid(), order.cancelled())

    assert (order.status, stock_of(order.product), order.may_review) == ("released", 5, True)


def test_stock_of_a_deleted_product_comes_back_without_a_word(make_order, stock_of, db, session):
    order = make_order()
    delete = text("UPDATE products SET deleted_at = now() WHERE id = :id")
    db.run_here(lambda each: each.connection().execute(delete, {"id": order.product}))

    order.hears(order.cancelled())

    assert stock_of(order.product) == 5
    assert [event.delta for event in emitted(session, "catalog") if isinstance(event, StockChanged)] == [-2]


def test_an_erased_customer_is_remembered_for_reviews_to_come(db, session):
    customer_id = uuid7()

    for _ in range(2):
        deliver(db, HANDLERS, event_of(CustomerDeleted(customer_id=customer_id)))

    found = session.connection().execute(text("SELECT customer_id FROM erased_customers")).scalars().all()
    assert found == [customer_id]
