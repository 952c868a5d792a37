"""Everything is killed, frozen and cut off while buyers buy: nothing is lost; and each invariant can fail.

`make chaos SEED=… PROFILE=…` does the same by hand.
"""

import asyncio
from pathlib import Path

import aio_pika
import psycopg2
import pytest

from shopsite_common.ids import uuid7
from shopsite_common.testing.environment import is_long_run, running_shop
from shopsite_invariants.checks import CHECKS
from shopsite_invariants.sources import Addresses, looking
from shopsite_local import control
from shopsite_local.chaos.plan import PROCESSES
from shopsite_local.chaos.profile import LONG, SHORT
from shopsite_local.chaos.run import run_on, running

PROFILE = LONG if is_long_run() else SHORT
SEED = 7
LINE = uuid7()

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300 + 2 * (PROFILE.load_seconds + PROFILE.settle_seconds))]


@pytest.fixture(scope="module")
def chaotic_shop():
    """A shop of our own beside the tested one: with short deadlines, and used to suffering."""
    with running(Path(running_shop["SHOPSITE_RUNNER_DIR"]).parent / "chaos") as instance:
        yield instance


async def test_nothing_is_lost_or_doubled_while_everything_fails(chaotic_shop):
    report = await run_on(chaotic_shop, seed=SEED, profile=PROFILE)
    said = "\n".join(report.lines())
    assert report.holds, said
    assert len(report.purchases) >= 3, said  # who sells nothing proves nothing
    assert len(report.done) >= 20, said
    assert {check.name for check in CHECKS if report.findings[check.name].count is None} == set()


ONE_OF = "(SELECT ctid FROM {} LIMIT 1)"
CORRUPTIONS = {
    "stock-ledger": [
        ("catalog", "UPDATE products SET stock = stock + 1 WHERE ctid = (SELECT min(ctid) FROM products)")
    ],
    "stock-levels": [
        ("catalog", "DELETE FROM stock_movements WHERE seq = (SELECT min(seq) FROM stock_movements WHERE delta < 0)")
    ],
    "stock-formula": [
        (
            "catalog",
            """
            UPDATE reservation_lines SET quantity = quantity + 1
            WHERE order_id = (SELECT order_id FROM reservations WHERE status = 'sold' LIMIT 1)
            """,
        )
    ],
    "reservations": [
        (
            "catalog",
            """
            UPDATE reservations SET status = 'released'
            WHERE order_id = (SELECT max(order_id::text)::uuid FROM reservations WHERE status = 'sold')
            """,
        )
    ],
    "order-sums": [("orders", f"UPDATE orders SET total = total + 0.01 WHERE ctid = {ONE_OF.format('orders')}")],
    "order-history": [
        ("orders", "UPDATE orders SET status = 'COMPLETED' WHERE id = (SELECT id FROM orders WHERE bought LIMIT 1)")
    ],
    "order-deadlines": [
        (
            "orders",
            f"""
            UPDATE orders SET status = 'PENDING', held = false, payment_due_at = now() - interval '1 hour'
            WHERE ctid = {ONE_OF.format("orders WHERE NOT bought")}
            """,
        )
    ],
    "order-ids": [
        ("orders", f"DELETE FROM order_ids WHERE ctid = {ONE_OF.format('order_ids WHERE kind = $$order$$')}")
    ],
    "carts": [
        (
            "cart",
            f"""
            INSERT INTO cart_items (id, cart_id, product_id, quantity, added_at)
            SELECT '{LINE}', c.id, '{LINE}', 1, now() FROM carts c LIMIT 1
            """,
        ),
        ("orders", f"UPDATE order_items SET cart_line_id = '{LINE}' WHERE ctid = {ONE_OF.format('order_items')}"),
    ],
    "money-arrived": [
        (
            "payments",
            """
            UPDATE payment_attempts SET state = 'DUPLICATE' WHERE id = (
                SELECT id FROM payment_attempts a
                WHERE state = 'PAID' AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.attempt_id = a.id) LIMIT 1
            )
            """,
        )
    ],
    # all of them: one may be wrong already, by what was broken before
    "money-bought": [("orders", "UPDATE orders SET refunded = refunded + 1 WHERE bought")],
    "money-refunds": [
        (
            "orders",
            """
            INSERT INTO refunds (refund_id, order_id, amount, reason, state, "full", sequence)
            SELECT gen_random_uuid(), id, 1, 'admin', 'PROCESSED', false, 1 FROM orders LIMIT 1
            """,
        )
    ],
    "money-unsettled": [
        (
            "payments",
            """
            INSERT INTO raw_webhooks (id, event, key, reference, body, received_at, next_try_at, tries)
            VALUES (gen_random_uuid(), 'charge.success', 'k', 'r', '{}', now() - interval '1 hour', now(), 0)
            """,
        )
    ],
    "money-paystack": [
        (
            "payments",
            """
            UPDATE payment_attempts SET paid_amount = paid_amount - 0.01
            WHERE id = (SELECT id FROM payment_attempts WHERE state = 'PAID' LIMIT 1)
            """,
        )
    ],
    "outboxes": [("identity", f"UPDATE outbox SET sent_at = NULL WHERE ctid = {ONE_OF.format('outbox')}")],
    "sequences": [
        (
            "orders",
            """
            DELETE FROM outbox
            WHERE id = (SELECT max(id) FROM outbox GROUP BY subject HAVING count(*) > 1 ORDER BY 1 DESC LIMIT 1)
            """,
        )
    ],
    "consumed": [
        ("catalog", f"DELETE FROM inbox WHERE ctid = {ONE_OF.format('inbox WHERE handler = $$on_order_created$$')}")
    ],
    "queues": [],
    "dead-letters": [
        (
            "orders",
            """
            INSERT INTO dead_letters (id, queue, fingerprint, body, trace_id, reason, attempts)
            VALUES (gen_random_uuid(), 'orders.on_payment_succeeded', '', '', '', 'broken on purpose', 1)
            """,
        )
    ],
    "mails-queued": [
        (
            "notifications",
            f"DELETE FROM emails WHERE ctid = {ONE_OF.format('emails WHERE kind = $$order_confirmation$$')}",
        )
    ],
    "mails-sent": [("notifications", f"UPDATE emails SET status = 'FAILED' WHERE ctid = {ONE_OF.format('emails')}")],
    "mails-arrived": [
        (
            "notifications",
            f"""
            UPDATE emails SET message_id = '<nobody-got-it@shop.example>'
            WHERE ctid = {ONE_OF.format("emails WHERE status = 'SENT'")}
            """,
        )
    ],
    "copies-products": [("cart", f"UPDATE products SET price = price + 1 WHERE ctid = {ONE_OF.format('products')}")],
    "copies-recipients": [
        (
            "notifications",
            f"UPDATE recipients SET role = 'nobody' WHERE ctid = {ONE_OF.format('recipients')}",
        )
    ],
    "copies-purchases": [("catalog", f"DELETE FROM purchases WHERE ctid = {ONE_OF.format('purchases')}")],
}


@pytest.fixture(scope="module")
def still_shop(chaotic_shop):
    """The same shop with its workers stopped, so that nobody mends what the tests break; it is thrown away then."""
    for worker in (name for name in PROCESSES if name.endswith("-worker")):
        control.ask(chaotic_shop.home, "stop", worker)
    known = control.ask(chaotic_shop.home, "facts")["facts"]
    return known, Addresses.from_environment(known)


def differences(addresses, check):
    with looking(addresses) as look:
        return check.look(look).differences


async def corrupt(known, name):
    for service, statement in CORRUPTIONS[name]:
        connection = psycopg2.connect(known[f"DATABASE_URL_{service.upper()}"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.rowcount > 0, "the statement met nothing"
        finally:
            connection.close()
    if name == "queues":
        async with await aio_pika.connect(known["AMQP_URL"]) as broker:
            channel = await broker.channel()
            await channel.default_exchange.publish(aio_pika.Message(b"{}"), "orders.on_payment_succeeded.dead")


def test_each_invariant_has_a_way_to_break_it():
    assert set(CORRUPTIONS) == {check.name for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
async def test_an_invariant_that_is_broken_is_found(still_shop, check):
    known, addresses = still_shop
    before = await asyncio.to_thread(differences, addresses, check)
    await corrupt(known, check.name)
    assert await asyncio.to_thread(differences, addresses, check) - before
