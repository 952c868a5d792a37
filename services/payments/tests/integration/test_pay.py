import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_common.errors import Unavailable
from shopsite_common.events import OrderCancelled, PaymentInitiated
from shopsite_common.ids import uuid7
from shopsite_payments.errors import AnswerLost, PaystackRefused, PaystackUnavailable
from shopsite_payments.models import PaymentAttempt

pytestmark = pytest.mark.integration


async def pay(client, headers, order, **extra):
    body = {"order_id": str(order.order_id)}
    return await client.post("/api/pay/", json=body, headers={**headers(order.customer_id), **extra})


def attempts(db):
    statement = text("SELECT state, next_check_at IS NOT NULL AS watched FROM payment_attempts ORDER BY created_at")
    return db.run_here(lambda session: [tuple(row) for row in session.connection().execute(statement)])


async def test_the_answer_is_the_seeds(client, desk, orders, headers):
    order = orders.place()
    answer = await pay(client, headers, order)
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "success"
    assert body["message"] == "Authorization URL created"
    assert set(body["data"]) == {"authorization_url", "access_code", "reference"}
    assert body["data"]["authorization_url"] == f"https://checkout.paystack.com/{body['data']['reference']}"


async def test_paystack_is_asked_with_the_orders_own_figures(client, desk, orders, paystack, headers, events):
    order = orders.place(total=Decimal("12345.67"), customer_email="bo@example.com")
    reference = (await pay(client, headers, order)).json()["data"]["reference"]
    asked = paystack.asked[reference]
    assert asked["email"] == "bo@example.com"
    assert asked["callback_url"] == "http://shop.example.com/api/payment/callback/"
    assert asked["metadata"]["order_id"] == str(order.order_id)
    assert paystack.transactions[reference].amount == Decimal("12345.67")
    [event] = events(PaymentInitiated)
    assert (event.order_id, event.reference, event.amount) == (order.order_id, reference, Decimal("12345.67"))


async def test_again_for_the_same_order_the_same_transaction(client, desk, orders, paystack, headers, events):
    order = orders.place()
    first, second = await pay(client, headers, order), await pay(client, headers, order)
    assert first.json() == second.json()
    assert paystack.calls["initialize"] == 1
    assert len(events(PaymentInitiated)) == 1


async def test_many_at_once_open_one_transaction(client, desk, orders, paystack, headers, events):
    order = orders.place()
    answers = await asyncio.gather(*(pay(client, headers, order) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["data"]["reference"] for answer in answers}) == 1
    assert paystack.calls["initialize"] == 1
    assert len(events(PaymentInitiated)) == 1


async def test_a_strangers_order_and_none_are_the_same_404(client, desk, orders, headers):
    order = orders.place()
    stranger = await client.post("/api/pay/", json={"order_id": str(order.order_id)}, headers=headers())
    nothing = await client.post("/api/pay/", json={"order_id": str(uuid7())}, headers=headers())
    assert stranger.status_code == nothing.status_code == 404
    assert stranger.json() == nothing.json()


async def test_nobody_is_401(client, desk, orders):
    answer = await client.post("/api/pay/", json={"order_id": str(orders.place().order_id)})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("body", [{}, {"order_id": "5"}, {"order_id": None}, {"order_id": str(uuid7()), "amount": "1"}])
async def test_a_body_that_cannot_be_accepted(client, desk, headers, body):
    answer = await client.post("/api/pay/", json=body, headers=headers())
    assert answer.status_code == 400
    assert answer.json()["details"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "PROCESSING"}, "order_already_paid"),
        ({"status": "CANCELLED"}, "order_not_payable"),
        ({"total": Decimal("49.99")}, "amount_not_payable"),
        ({"total": Decimal("10000000.01")}, "amount_not_payable"),
    ],
)
async def test_orders_that_cannot_be_paid(client, desk, orders, paystack, headers, changes, code):
    answer = await pay(client, headers, orders.place(**changes))
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert paystack.calls["initialize"] == 0


async def test_a_cancellation_that_overtook_the_answer_of_orders(client, desk, orders, headers, deliver):
    order = orders.place()
    deliver(
        OrderCancelled(
            order_id=order.order_id,
            number="SO-1",
            customer_id=order.customer_id,
            items=[],
            total=order.total,
            currency="NGN",
            reason="customer",
            paid=False,
            cancelled_at=utcnow(),
        )
    )
    answer = await pay(client, headers, order)
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_payable")


async def test_orders_down_is_503(client, desk, orders, headers):
    order = orders.place()
    orders.trouble = Unavailable("orders is not available right now.")
    answer = await pay(client, headers, order)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_paystack_down_is_503_and_leaves_nothing_to_watch(client, desk, orders, paystack, headers, db):
    order = orders.place()
    paystack.trouble["initialize"] = [PaystackUnavailable()]
    answer = await pay(client, headers, order)
    assert (answer.status_code, answer.json()["code"]) == (503, "payment_provider_unavailable")
    assert answer.headers["retry-after"]
    assert attempts(db) == [("LOST", False)]
    assert (await pay(client, headers, order)).status_code == 200


async def test_a_lost_answer_burns_its_reference_and_a_new_one_is_tried(client, desk, orders, paystack, headers, db):
    paystack.after["initialize"] = [AnswerLost(answered=False)]
    answer = await pay(client, headers, orders.place())
    assert answer.status_code == 200
    assert len(paystack.transactions) == 2
    assert paystack.calls["verify"] == 1
    assert attempts(db) == [("LOST", True), ("OPEN", True)]


async def test_a_verification_that_hangs_does_not_hold_the_customer(
    client, desk, orders, paystack, headers, db, monkeypatch
):
    monkeypatch.setattr("shopsite_payments.deps.paying._LOST_SECONDS", 0.05)
    paystack.after["initialize"] = [AnswerLost(answered=False)]

    async def hang(_reference):
        await asyncio.Event().wait()

    monkeypatch.setattr(paystack, "verify", hang)
    assert (await pay(client, headers, orders.place())).status_code == 200
    assert attempts(db) == [("LOST", True), ("OPEN", True)]


async def test_two_lost_answers_are_503(client, desk, orders, paystack, headers, db):
    order = orders.place()
    paystack.trouble["initialize"] = [AnswerLost(answered=True), AnswerLost(answered=True)]
    paystack.trouble["verify"] = [PaystackUnavailable()]
    answer = await pay(client, headers, order)
    assert answer.status_code == 503
    assert [state for state, _ in attempts(db)] == ["LOST", "LOST"]
    assert (await pay(client, headers, order)).status_code == 200


async def test_a_refusal_is_409_and_says_nothing_of_theirs(client, desk, orders, paystack, headers):
    paystack.trouble["initialize"] = [PaystackRefused("Currency not supported by merchant")]
    answer = await pay(client, headers, orders.place())
    assert (answer.status_code, answer.json()["code"]) == (409, "payment_refused")
    assert "merchant" not in answer.text


async def test_a_request_that_died_while_opening_is_taken_over(client, desk, orders, paystack, headers, db):
    order = orders.place()
    await pay(client, headers, order)
    long_ago = utcnow() - timedelta(minutes=1)
    statement = text("UPDATE payment_attempts SET state = 'OPENING', authorization_url = NULL, opening_until = :then")
    db.run_here(lambda session: session.connection().execute(statement, {"then": long_ago}) and None)
    answer = await pay(client, headers, order)
    assert answer.status_code == 200
    assert [state for state, _ in attempts(db)] == ["LOST", "OPEN"]


async def test_the_database_itself_lets_one_open_attempt_in(client, desk, begin, db):
    await begin()

    def open_another(session):
        payment_id = session.connection().execute(text("SELECT id FROM payments")).scalar_one()
        session.add(PaymentAttempt(payment_id=payment_id, reference="other", opening_until=utcnow()))

    with pytest.raises(Exception, match="uq_payment_attempts_open"):
        db.run_here(open_another)


async def test_an_idempotency_key_gives_the_first_answer_again(client, desk, orders, headers):
    order = orders.place()
    first = await pay(client, headers, order, **{"Idempotency-Key": "k-1"})
    second = await pay(client, headers, order, **{"Idempotency-Key": '"k-1"'})
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    other = await pay(client, headers, orders.place(customer_id=order.customer_id), **{"Idempotency-Key": "k-1"})
    assert other.status_code == 422


async def test_the_path_without_its_slash(client, desk, orders, headers):
    order = orders.place()
    answer = await client.post("/api/pay", json={"order_id": str(order.order_id)}, headers=headers(order.customer_id))
    assert answer.status_code == 200
