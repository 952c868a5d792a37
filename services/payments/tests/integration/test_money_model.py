"""Money, whatever happens in whatever order: pages paid, declined and paid late, cancellations, refunds, lost answers.

After each step no more has gone back than arrived; when everybody has heard everything, what stays is what an order
that stands costs, and nothing of one that does not.
"""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.events import OrderCancelled, OrderPaid, PaymentHeld, PaymentSucceeded
from shopsite_common.testing.environment import is_long_run
from shopsite_common.testing.messages import emitted
from shopsite_payments.deps.refunding import advance_refunds
from shopsite_payments.deps.settling import settle
from shopsite_payments.domain.payments import RefundStatus
from shopsite_payments.errors import AnswerLost, PaystackUnavailable

pytestmark = pytest.mark.integration
TOTAL = Decimal("2500.00")


class World:
    """The service with a fake Paystack, and orders as it decides: paid once, and money for what has ended goes back."""

    def __init__(self, *, loop, client, desk, db, orders, paystack, deliver, headers):
        self._loop, self._client, self._db, self._orders, self._deliver = loop, client, db, orders, deliver
        self._headers = headers
        self.desk, self.paystack = desk, paystack

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def place(self):
        return self._orders.place(total=TOTAL)

    def stands(self, order, status):
        self._orders.known[order.order_id] = type(order)(**(vars(order) | {"status": status}))

    def post(self, path, body, **who):
        return self.run(self._client.post(path, json=body, headers=self._headers(**who)))

    def pay(self, order):
        body = {"order_id": str(order.order_id)}
        return self.run(self._client.post("/api/pay/", json=body, headers=self._headers(order.customer_id)))

    def tell(self, kind, order, **fields):
        common = {"order_id": order.order_id, "number": order.number, "customer_id": order.customer_id, "items": []}
        self._deliver(kind(**common, total=order.total, currency=order.currency, **fields))

    def told(self, kind, order):
        with self._db.session() as session:
            return [e for e in emitted(session, "payments") if isinstance(e, kind) and e.order_id == order.order_id]

    def rows(self, statement, order):
        found = self._db.run_here(lambda s: s.connection().execute(text(statement), {"id": order.order_id}).all())
        return [tuple(row) for row in found]

    def make_due(self):
        statement = text(
            "UPDATE refunds SET next_check_at = now(), resend_after = now() - interval '1 second'"
            " WHERE next_check_at IS NOT NULL"
        )
        self._db.run_here(lambda s: s.connection().execute(statement) and None)


class Money(RuleBasedStateMachine):
    """One order, its pages and its refunds."""

    def __init__(self, world):
        super().__init__()
        self.world = world
        self.references = []
        self.cancelled = self.known_paid = False

    @initialize()
    def order_is_placed(self):
        self.order = self.world.place()
        self.begin()

    @rule()
    def begin(self):
        answer = self.world.pay(self.order)
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 200 and (reference := answer.json()["data"]["reference"]) not in self.references:
            self.references.append(reference)

    @rule(data=st.data(), amount=st.sampled_from([TOTAL, TOTAL, TOTAL, TOTAL - Decimal("0.01")]))
    def a_page_is_paid(self, data, amount):
        reference = self._one(data)
        if self.world.paystack.transactions[reference].status != "success":
            self.world.paystack.pay(reference, amount=amount)

    @rule(data=st.data())
    def a_page_is_declined(self, data):
        reference = self._one(data)
        if self.world.paystack.transactions[reference].status != "success":
            self.world.paystack.tell(reference, status="failed", message="Insufficient Funds")

    @rule(data=st.data())
    def settle(self, data):
        self.world.run(settle(self.world.desk, self._one(data)))

    @rule()
    def customer_cancels(self):
        if not self.cancelled:
            self.cancelled = True
            self.world.stands(self.order, "CANCELLED")
            self._tell_cancelled(paid=self.known_paid)

    @rule()
    def orders_hears(self):
        """Orders decides what money buys: the first for an order that stands, and nothing afterwards."""
        succeeded = self.world.told(PaymentSucceeded, self.order)
        if succeeded and self.cancelled:
            self._tell_cancelled(paid=True)
        elif succeeded and not self.known_paid:
            self.known_paid = True
            self.world.stands(self.order, "PROCESSING")
            paid = {"payment_id": succeeded[0].payment_id, "reference": succeeded[0].reference, "channel": "card"}
            self.world.tell(OrderPaid, self.order, paid_at=utcnow(), **paid)

    @rule(amount=st.sampled_from([None, "0.01", "1000.00", "2500.00", "9999.00"]))
    def admin_refunds(self, amount):
        for (payment,) in self.world.rows("SELECT id FROM payments WHERE order_id = :id", self.order):
            body = {} if amount is None else {"amount": amount}
            answer = self.world.post(f"/api/payment/{payment}/refund/", body, role="admin")
            assert answer.status_code in {202, 409}, answer.text

    @rule(trouble=st.sampled_from([None, None, "lost", "down"]))
    def the_worker_refunds(self, trouble):
        paystack = self.world.paystack
        if trouble == "lost":
            paystack.after["create_refund"].append(AnswerLost(answered=False))
        elif trouble == "down":
            paystack.trouble["create_refund"].append(PaystackUnavailable())
        self.world.make_due()
        self.world.run(advance_refunds(self.world.desk))
        paystack.after.clear()
        paystack.trouble.clear()

    @rule(data=st.data(), end=st.sampled_from([RefundStatus.PROCESSED, RefundStatus.PROCESSED, RefundStatus.FAILED]))
    def paystack_ends_refunds(self, data, end):
        open_ones = [
            r for r in self.references if any(not made.status.final for made in self.world.paystack.refunds[r])
        ]
        if open_ones:
            self._end(data.draw(st.sampled_from(open_ones)), end)

    @invariant()
    def no_more_goes_back_than_arrived(self):
        for reference in self.references:
            assert self._back(reference) <= self._arrived(reference)

    @invariant()
    def a_success_is_told_once(self):
        assert len(self.world.told(PaymentSucceeded, self.order)) <= 1

    def teardown(self):
        """Let everybody hear everything, then count."""
        if not self.references:
            return
        for _ in range(4):
            for reference in self.references:
                self.world.run(settle(self.world.desk, reference))
                self._end(reference, RefundStatus.PROCESSED)
            self.orders_hears()
            self.the_worker_refunds(None)
        self.no_more_goes_back_than_arrived()
        self._count()

    def _count(self):
        stays = sum((self._arrived(r) - self._back(r) for r in self.references), Decimal(0))
        statement = "SELECT r.status FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :id"
        failed = any(status == "FAILED" for (status,) in self.world.rows(statement, self.order))
        if self.cancelled and not failed:
            assert stays == 0, "nothing stays of an order that has ended"
        elif not failed and not self.world.told(PaymentHeld, self.order):
            assert stays <= TOTAL, "what was paid twice goes back"

    def _one(self, data):
        return data.draw(st.sampled_from(self.references))

    def _tell_cancelled(self, *, paid):
        self.world.tell(OrderCancelled, self.order, reason="customer", paid=paid, cancelled_at=utcnow())

    def _arrived(self, reference):
        found = self.world.paystack.transactions[reference]
        return found.amount if found.status == "success" else Decimal(0)

    def _back(self, reference):
        made = self.world.paystack.refunds[reference]
        return sum((each.amount for each in made if each.status != RefundStatus.FAILED), Decimal(0))

    def _end(self, reference, end):
        made = self.world.paystack.refunds[reference]
        self.world.paystack.refunds[reference] = [
            each if each.status.final else type(each)(**(vars(each) | {"status": end})) for each in made
        ]


@pytest.mark.timeout(900)
async def test_money_agrees_with_a_model_in_every_order_of_steps(client, desk, db, orders, paystack, deliver, headers):
    many = settings(
        max_examples=200 if is_long_run() else 12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    loop = asyncio.get_running_loop()
    world = World(
        loop=loop, client=client, desk=desk, db=db, orders=orders, paystack=paystack, deliver=deliver, headers=headers
    )
    await asyncio.to_thread(run_state_machine_as_test, lambda: Money(world), settings=many)
