from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest

from shopsite_common.events import Event, decode
from shopsite_common.ids import uuid7
from shopsite_payments.consumers import HANDLERS
from shopsite_payments.domain.payments import AttemptState, RefundStatus
from shopsite_payments.models import Payment, PaymentAttempt, Refund
from shopsite_payments.service import news

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def payment():
    return Payment(
        order_id=uuid7(),
        order_number="SO-1",
        customer_id=uuid7(),
        amount=Decimal("2500.00"),
        currency="NGN",
        reference="ref-1",
        channel="card",
        paid_at=NOW,
        paid_amount=Decimal("19.00"),
        paid_currency="USD",
        held_until=NOW,
    )


@pytest.fixture
def attempt(payment):
    return PaymentAttempt(payment_id=payment.id, reference="ref-2", state=AttemptState.PAID, opening_until=NOW)


@pytest.fixture
def refund(payment, attempt):
    return Refund(
        payment_id=payment.id,
        attempt_id=attempt.id,
        amount=Decimal("19.00"),
        currency="USD",
        reason="payment_held",
        full=True,
        status=RefundStatus.NEEDS_ATTENTION,
    )


def over_the_wire(data):
    envelope = Event(source="/payments", type=f"shopsite.payments.{data.type_name()}", subject=data.subject, data=data)
    return decode(orjson.dumps(envelope.model_dump(mode="json"))).data


def test_every_event_survives_the_wire(payment, attempt, refund):
    made = [
        news.payment_initiated(payment),
        news.payment_succeeded(payment, "webhook"),
        news.payment_failed(payment, ""),
        news.payment_held(payment, "amount_mismatch"),
        news.refund_started(payment, attempt, refund),
        news.payment_refunded(payment, attempt, refund, full=False),
        news.refund_failed(payment, attempt, refund),
    ]
    for event in made:
        assert over_the_wire(event) == event
        assert event.subject == str(payment.order_id)


def test_held_money_tells_what_came_and_what_was_asked(payment):
    event = news.payment_held(payment, "amount_mismatch")
    assert (event.amount, event.currency) == (Decimal("2500.00"), "NGN")
    assert (event.paid_amount, event.paid_currency, event.held_until) == (Decimal("19.00"), "USD", NOW)
    assert news.payment_held(payment, "disputed").held_until is None


def test_a_refund_bears_its_own_attempts_reference_and_currency(payment, attempt, refund):
    event = news.refund_started(payment, attempt, refund)
    assert (event.reference, event.amount, event.currency) == ("ref-2", Decimal("19.00"), "USD")
    assert event.full


def test_what_payments_listens_to():
    bound = {event.binding_key() for subscription in HANDLERS for event in subscription.events}
    assert bound == {
        "orders.OrderCancelled.v1",
        "orders.OrderPaid.v1",
        "orders.OrderCompleted.v1",
        "orders.OrderRefunded.v1",
        "identity.CustomerDeleted.v1",
    }
    assert len({subscription.queue for subscription in HANDLERS}) == len(HANDLERS)
