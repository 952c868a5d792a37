import pytest

from shopsite_local.chaos.stories import Purchase
from shopsite_local.chaos.verdict import differences

BUYER = "ada@example.com"


def purchase(**fields):
    return Purchase(order_id="1", email=BUYER, fate="pay", **fields)


@pytest.mark.parametrize(
    ("bought", "status"),
    [
        (purchase(paid=True), "PROCESSING"),
        (purchase(paid=True), "REFUNDED"),
        (purchase(), "CANCELLED"),
        (purchase(paid=True, said=["cancelled"]), "REFUNDED"),
        (purchase(paid=True, said=["shipped", "completed"]), "COMPLETED"),
        (purchase(paid=True, wrong=True), "REFUNDED"),
    ],
)
def test_what_a_client_was_told_is_true(bought, status):
    assert differences([bought], {"1": status}) == []


@pytest.mark.parametrize(
    ("bought", "statuses", "said"),
    [
        (purchase(), {}, "does not exist"),
        (purchase(), {"1": "PENDING"}, "still PENDING"),
        (purchase(paid=True), {"1": "CANCELLED"}, "without a refund"),
        (purchase(), {"1": "PROCESSING"}, "never paid"),
        (purchase(paid=True, wrong=True), {"1": "PROCESSING"}, "wrong amount"),
        (purchase(paid=True, said=["cancelled"]), {"1": "PROCESSING"}, "was cancelled"),
        (purchase(paid=True, said=["refunded"]), {"1": "PROCESSING"}, "refunded as a whole"),
        (purchase(paid=True, said=["shipped"]), {"1": "PROCESSING"}, "was shipped"),
    ],
)
def test_a_broken_promise_is_named(bought, statuses, said):
    [sentence] = differences([bought], statuses)
    assert said in sentence
    assert BUYER in sentence
