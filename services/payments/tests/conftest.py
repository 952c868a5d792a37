"""Fakes behind the clients' Protocols, and a desk that works with them."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shopsite_common.ids import uuid7
from shopsite_payments.domain.payments import (
    OpenedTransaction,
    OrderSnapshot,
    ProviderRefund,
    RefundStatus,
    Verification,
)
from shopsite_payments.errors import TransactionUnknown, UnknownOrder

SECRET_KEY = "sk_test_shopsite-of-the-tests"
PAID_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class FakeOrders:
    """Orders, in a dictionary."""

    def __init__(self):
        self.known = {}
        self.trouble = None

    def place(self, **changes):
        good = {
            "order_id": uuid7(),
            "number": "SO-1",
            "customer_id": uuid7(),
            "customer_email": "ada@example.com",
            "status": "CREATED",
            "total": Decimal("2500.00"),
            "currency": "NGN",
        }
        order = OrderSnapshot(**(good | changes))
        self.known[order.order_id] = order
        return order

    async def get_order(self, order_id):
        if self.trouble:
            raise self.trouble
        if order_id not in self.known:
            raise UnknownOrder
        return self.known[order_id]


class FakePaystack:
    """Paystack, in dictionaries; ``trouble[method]`` holds errors that its next calls raise."""

    def __init__(self):
        self.transactions = {}
        self.refunds = defaultdict(list)
        self.calls = Counter()
        self.trouble = defaultdict(list)
        self.after = defaultdict(list)  # errors raised once the call has been done
        self.asked = {}
        self.refund_status = RefundStatus.PENDING
        self.compared = None

    def _enter(self, name):
        self.calls[name] += 1
        if self.trouble[name]:
            raise self.trouble[name].pop(0)

    def _leave(self, name):
        if self.after[name]:
            raise self.after[name].pop(0)

    def pay(self, reference, **changes):
        self.tell(reference, **({"status": "success", "channel": "card", "paid_at": PAID_AT} | changes))

    def tell(self, reference, **changes):
        values = vars(self.transactions[reference]) | changes
        self.transactions[reference] = Verification(**values)

    async def initialize(self, *, reference, email, amount, currency, callback_url, metadata):
        self._enter("initialize")
        self.asked[reference] = {"email": email, "callback_url": callback_url, "metadata": metadata}
        self.transactions[reference] = Verification(
            reference=reference,
            status="abandoned",
            amount=amount,
            currency=currency,
            transaction_id=5_000_000_000 + len(self.transactions),
        )
        self._leave("initialize")
        return OpenedTransaction(
            reference=reference, authorization_url=f"https://checkout.paystack.com/{reference}", access_code=reference
        )

    async def verify(self, reference):
        self._enter("verify")
        if reference not in self.transactions:
            raise TransactionUnknown(reference)
        return self.transactions[reference]

    async def list_transactions(self, *, status, since, until=None):
        self._enter("list_transactions")
        self.compared = (since, until)
        assert since.tzinfo
        for found in self.transactions.values():
            if found.status == status:
                yield found

    async def create_refund(self, *, reference, amount, currency, note):
        self._enter("create_refund")
        made = self.refund_outside(reference, amount, currency=currency, note=note, status=self.refund_status)
        self._leave("create_refund")
        return made

    def refund_outside(self, reference, amount, *, currency="NGN", note="by hand", status=RefundStatus.PENDING):
        number = 7_000_000_000 + sum(map(len, self.refunds.values()))
        made = ProviderRefund(refund_id=number, amount=amount, currency=currency, status=status, note=note)
        self.refunds[reference].append(made)
        return made

    def end_refunds(self, reference, status):
        self.refunds[reference] = [
            ProviderRefund(**(vars(each) | {"status": status})) for each in self.refunds[reference]
        ]

    async def list_refunds(self, reference):
        self._enter("list_refunds")
        return list(self.refunds[reference])

    async def list_refunded_references(self, *, since, until=None):
        for reference, made in list(self.refunds.items()):
            if made and since.tzinfo and (until is None or until > since):
                yield reference


@pytest.fixture(scope="session")
def service_package():
    return "shopsite_payments"


@pytest.fixture
def environment(environment):
    environment.setenv("PAYSTACK_SECRET_KEY", SECRET_KEY)
    environment.setenv("PAYSTACK_BASE_URL", "http://127.0.0.1:9")
    environment.setenv("DB_WAIT_SECONDS", "60")
    return environment


@pytest.fixture
def orders():
    return FakeOrders()


@pytest.fixture
def paystack():
    return FakePaystack()


@pytest.fixture
def desk(app, orders, paystack):
    """The resources of the API under test, with both outside systems replaced."""
    resources = app.state.resources
    resources.orders, resources.paystack = orders, paystack
    return resources


@pytest.fixture
def headers(tokens):
    """Return a function that signs in: ``headers(order.customer_id)``, ``headers(role="admin")``."""
    return tokens.headers


@pytest.fixture
def begin(client, desk, orders, headers):
    """Return a function that places an order and begins to pay it; it gives the order and the reference."""

    async def begin_to_pay(**changes):
        order = orders.place(**changes)
        answer = await client.post(
            "/api/pay/", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id)
        )
        assert answer.status_code == 200, answer.text
        return order, answer.json()["data"]["reference"]

    return begin_to_pay


@pytest.fixture
def payment_of(client, desk, headers):
    """Return a function that reads an order's payment as an admin."""

    async def read(order):
        answer = await client.get(f"/api/payment/?order={order.order_id}", headers=headers(role="admin"))
        assert answer.status_code == 200, answer.text
        [payment] = answer.json()["results"]
        return payment

    return read


@pytest.fixture
def events(db):
    """Return a function that gives the events in the outbox, all or of one type."""
    from shopsite_common.testing.messages import emitted

    def read(kind=None):
        with db.session() as session:
            found = emitted(session, "payments")
        return [event for event in found if kind is None or isinstance(event, kind)]

    return read


@pytest.fixture
def deliver(db):
    """Return a function that hands an event to its handlers."""
    from shopsite_common.testing.messages import deliver as hand_over
    from shopsite_common.testing.messages import event_of
    from shopsite_payments.consumers import HANDLERS

    def give(data, **about):
        return hand_over(db, HANDLERS, event_of(data, **about))

    return give
