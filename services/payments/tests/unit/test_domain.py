from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shopsite_payments.domain.payments import (
    OrderSnapshot,
    PaymentStatus,
    ProviderRefund,
    RefundPart,
    RefundStatus,
    Verdict,
    Verification,
    all_is_back,
    check_may_begin,
    check_order,
    left_of,
    refund_note,
    refund_pause,
    refundable,
    status_after_refunds,
    webhook_pause,
)
from shopsite_payments.errors import (
    AmountNotPayable,
    NotRefundable,
    OrderAlreadyPaid,
    OrderNotPayable,
    PaymentOnHold,
    RefundTooLarge,
)

ID = UUID(int=1)
HUNDRED = Decimal("100.00")


def an_order(**changes):
    good = {
        "order_id": ID,
        "number": "SO-1",
        "customer_id": ID,
        "customer_email": "ada@example.com",
        "status": "CREATED",
        "total": Decimal("2500.00"),
        "currency": "NGN",
    }
    return OrderSnapshot(**(good | changes))


def a_part(amount, status):
    return RefundPart(amount=Decimal(amount), status=RefundStatus(status))


@pytest.mark.parametrize("status", ["CREATED", "PENDING"])
def test_an_unpaid_order_can_be_paid(status):
    check_order(an_order(status=status))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("PROCESSING", OrderAlreadyPaid),
        ("SHIPPED", OrderAlreadyPaid),
        ("COMPLETED", OrderAlreadyPaid),
        ("CANCELLED", OrderNotPayable),
        ("REFUNDED", OrderNotPayable),
    ],
)
def test_a_paid_or_ended_order_cannot_be_paid(status, error):
    with pytest.raises(error):
        check_order(an_order(status=status))


@pytest.mark.parametrize(
    ("currency", "total"),
    [("NGN", "50.00"), ("NGN", "10000000.00"), ("USD", "2.00"), ("GHS", "0.10"), ("EUR", "0.01")],
)
def test_totals_within_what_paystack_takes(currency, total):
    check_order(an_order(currency=currency, total=Decimal(total)))


@pytest.mark.parametrize(
    ("currency", "total"), [("NGN", "49.99"), ("NGN", "10000000.01"), ("USD", "1.99"), ("KES", "2.99"), ("NGN", "0.00")]
)
def test_totals_that_paystack_does_not_take(currency, total):
    with pytest.raises(AmountNotPayable):
        check_order(an_order(currency=currency, total=Decimal(total)))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("HELD", PaymentOnHold),
        ("SUCCEEDED", OrderAlreadyPaid),
        ("REFUNDING", OrderNotPayable),
        ("REFUNDED", OrderNotPayable),
    ],
)
def test_no_new_attempt_once_money_has_arrived(status, error):
    with pytest.raises(error):
        check_may_begin(PaymentStatus(status))


def test_a_new_attempt_after_a_declined_one():
    check_may_begin(PaymentStatus.FAILED)
    check_may_begin(PaymentStatus.INITIALIZED)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("success", Verdict.ARRIVED),
        ("reversed", Verdict.ARRIVED),
        ("failed", Verdict.DECLINED),
        ("abandoned", Verdict.OPEN),
        ("ongoing", Verdict.OPEN),
        ("pending", Verdict.OPEN),
        ("a word they add one day", Verdict.OPEN),
    ],
)
def test_what_a_verification_means(status, verdict):
    found = Verification(reference="r", status=status, amount=HUNDRED, currency="NGN")
    assert found.verdict == verdict


def test_a_failed_refund_frees_its_amount():
    parts = [a_part(40, "FAILED"), a_part(30, "PENDING"), a_part(20, "NEEDS_ATTENTION"), a_part(5, "PROCESSED")]
    assert left_of(HUNDRED, parts) == Decimal(45)


def test_a_refund_without_an_amount_takes_all_that_is_left():
    assert refundable(HUNDRED, [a_part(30, "PROCESSED")], None) == Decimal(70)


def test_no_refund_of_more_than_is_left():
    with pytest.raises(RefundTooLarge) as refused:
        refundable(HUNDRED, [a_part(30, "PENDING")], Decimal("70.01"))
    assert refused.value.details == {"left": "70.00"}


def test_no_refund_of_nothing():
    with pytest.raises(NotRefundable):
        refundable(HUNDRED, [a_part(100, "PENDING")], None)
    with pytest.raises(NotRefundable):
        refundable(Decimal(0), [], None)


@pytest.mark.parametrize(
    ("parts", "fits", "status"),
    [
        ([], True, "SUCCEEDED"),
        ([], False, "HELD"),
        ([(10, "PENDING")], True, "REFUNDING"),
        ([(10, "NEEDS_ATTENTION")], True, "REFUNDING"),
        ([(10, "PROCESSED")], True, "SUCCEEDED"),
        ([(10, "PROCESSED")], False, "HELD"),
        ([(10, "FAILED")], True, "SUCCEEDED"),
        ([(60, "PROCESSED"), (40, "PROCESSED")], True, "REFUNDED"),
        ([(60, "PROCESSED"), (40, "PENDING")], True, "REFUNDING"),
        ([(100, "PROCESSED")], False, "REFUNDED"),
    ],
)
def test_a_payments_status_follows_its_refunds(parts, fits, status):
    found = status_after_refunds(HUNDRED, [a_part(*part) for part in parts], fits=fits)
    assert found == PaymentStatus(status)


def test_a_refund_is_found_by_its_note():
    refund = ProviderRefund(
        refund_id=1, amount=HUNDRED, currency="NGN", status=RefundStatus.PENDING, note=refund_note(ID)
    )
    assert refund.is_of(ID)
    assert not refund.is_of(UUID(int=2))


def test_looks_at_a_refund_become_rarer_with_its_age():
    ages = [timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=2), timedelta(days=9)]
    pauses = [refund_pause(age) for age in ages]
    assert pauses == sorted(pauses)
    assert pauses[0] <= timedelta(seconds=2)
    assert pauses[-1] == timedelta(hours=1)


@given(st.integers(min_value=0, max_value=10**6))
def test_a_webhook_never_waits_longer_than_five_minutes(tries):
    assert timedelta(seconds=1) <= webhook_pause(tries) <= timedelta(minutes=5)


class Ledger(RuleBasedStateMachine):
    """Refunds of one payment in any order: what is back and on its way never exceeds what arrived."""

    def __init__(self):
        super().__init__()
        self.arrived = Decimal("1000.00")
        self.refunds = []

    @rule(minor=st.integers(min_value=1, max_value=150_000) | st.none())
    def start(self, minor):
        wanted = None if minor is None else Decimal(minor) / 100
        left = left_of(self.arrived, self.refunds)
        try:
            amount = refundable(self.arrived, self.refunds, wanted)
        except (NotRefundable, RefundTooLarge):
            assert left == 0 or (wanted is not None and wanted > left)
        else:
            self.refunds.append(RefundPart(amount=amount, status=RefundStatus.PENDING))

    @precondition(lambda self: any(not part.status.final for part in self.refunds))
    @rule(data=st.data(), end=st.sampled_from([RefundStatus.PROCESSED, RefundStatus.FAILED]))
    def end(self, data, end):
        open_ones = [index for index, part in enumerate(self.refunds) if not part.status.final]
        index = data.draw(st.sampled_from(open_ones))
        self.refunds[index] = RefundPart(amount=self.refunds[index].amount, status=end)

    @invariant()
    def never_more_than_arrived(self):
        taken = sum((part.amount for part in self.refunds if part.status != RefundStatus.FAILED), Decimal(0))
        assert taken + left_of(self.arrived, self.refunds) == self.arrived

    @invariant()
    def status_tells_the_truth(self):
        status = status_after_refunds(self.arrived, self.refunds, fits=True)
        assert (status == PaymentStatus.REFUNDING) == any(not part.status.final for part in self.refunds)
        if status == PaymentStatus.REFUNDED:
            assert all_is_back(self.arrived, self.refunds)
            assert left_of(self.arrived, self.refunds) == 0


TestLedger = Ledger.TestCase
