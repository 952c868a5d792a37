import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import text

from shopsite_common.events import (
    CustomerRegistered,
    CustomerUpdated,
    OrderCancelled,
    OrderCreated,
    OrderLine,
    OrderPaid,
    OrderShipped,
    PasswordResetRequested,
    PaymentHeld,
    PaymentRefunded,
    Preferences,
    RefundFailed,
    StockLow,
)
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import deliver, event_of
from shopsite_notifications.clients import ResetLink
from shopsite_notifications.consumers import HANDLERS
from shopsite_notifications.deps import NotificationsResources
from shopsite_notifications.settings import Settings


@pytest.fixture(scope="session")
def service_package() -> str:
    return "shopsite_notifications"


@dataclass
class Taken:
    """A mail that the sink took."""

    to: str
    message: EmailMessage

    def body(self, kind):
        return self.message.get_body((kind,)).get_content()


@dataclass
class Sink:
    """A mail server for tests; ``replies`` maps an address to what RCPT gets, ``data_reply`` is the end of DATA."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    replies: dict[str, str] = field(default_factory=dict)
    data_reply: str = ""
    connections: int = 0

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):  # noqa: N802 - aiosmtpd's name
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        if reply := self.replies.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.data_reply:
            return self.data_reply
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append(Taken(envelope.rcpt_tos[0], message))
        return "250 taken"


async def serve(sink: Sink) -> asyncio.Server:
    """Start the sink, on the port that it had before if it had one."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, loop=loop, hostname="sink"), "127.0.0.1", sink.port)
    sink.port = server.sockets[0].getsockname()[1]
    return server


@pytest.fixture
async def sink():
    """A running mail server."""
    found = Sink()
    server = await serve(found)
    yield found
    server.close()


@dataclass
class FakeIdentity:
    """Identity, with the links that it would make."""

    links: dict = field(default_factory=dict)
    error: Exception | None = None
    asked: int = 0

    async def reset_link(self, reset_id):
        self.asked += 1
        if self.error:
            raise self.error
        return self.links.get(reset_id)

    def give(self, email="ada@example.com"):
        reset_id = uuid7()
        self.links[reset_id] = ResetLink(email=email, first_name="Ada", link_path="/reset-password?token=s3cret")
        return reset_id


@dataclass
class FakeOrders:
    """Orders, with the numbers that it knows."""

    numbers: dict = field(default_factory=dict)
    error: Exception | None = None

    async def order_number(self, order_id):
        if self.error:
            raise self.error
        return self.numbers.get(order_id)


@pytest.fixture
async def resources(db, environment, sink):
    """What the worker holds: the real database and mail server, and stand-ins for the other services."""
    environment.setenv("EMAIL_HOST", "127.0.0.1")
    environment.setenv("EMAIL_PORT", str(sink.port))
    environment.setenv("EMAIL_FROM", "Kola & Söhne <no-reply@shop.example>")
    found = NotificationsResources(Settings())
    found.identity, found.orders = FakeIdentity(), FakeOrders()
    yield found
    await found.close()


@pytest.fixture
def happen(db):
    """Let an event happen: every handler bound to it gets it."""

    def happen(data, *, sequence=1, event_id=None):
        return deliver(db, HANDLERS, event_of(data, sequence=sequence, event_id=event_id))

    return happen


@pytest.fixture
def log(db):
    """Read the mail log, oldest first."""

    def read(where="true"):
        statement = text(f"SELECT * FROM emails WHERE {where} ORDER BY id")
        return db.run_here(lambda session: session.connection().execute(statement).all())

    return read


NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def customer(*, order_emails=True, contract=CustomerRegistered, **changes):
    values = {
        "customer_id": uuid7(),
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "Obi",
        "role": "customer",
        "is_active": True,
        "preferences": Preferences(order_emails=order_emails),
    }
    return contract(**{**values, **changes})


def changed(registered, *, order_emails=True, **changes):
    same = registered.model_dump(exclude={"preferences"})
    return customer(order_emails=order_emails, contract=CustomerUpdated, **{**same, **changes})


def line(**changes):
    values = {
        "product_id": uuid7(),
        "cart_line_id": uuid7(),
        "name": "Clay water jug",
        "unit_price": Decimal("12500.00"),
        "quantity": 2,
        "subtotal": Decimal("25000.00"),
    }
    return OrderLine(**{**values, **changes})


def _order(changes):
    values = {
        "order_id": uuid7(),
        "number": "SO-10042",
        "customer_id": uuid7(),
        "items": [line()],
        "total": Decimal("25000.00"),
        "currency": "NGN",
    }
    return {**values, **changes}


def order_created(**changes):
    return OrderCreated(**_order({"created_at": NOW, "payment_due_at": NOW, **changes}))


def order_paid(**changes):
    extra = {"payment_id": uuid7(), "reference": "ref-1", "channel": "card", "paid_at": NOW}
    return OrderPaid(**_order({**extra, **changes}))


def order_shipped(**changes):
    extra = {"tracking_number": "NG123", "carrier": "Swift", "shipped_at": NOW}
    return OrderShipped(**_order({**extra, **changes}))


def order_cancelled(**changes):
    return OrderCancelled(**_order({"reason": "unpaid", "paid": False, "cancelled_at": NOW, **changes}))


def _money(changes):
    values = {
        "payment_id": uuid7(),
        "order_id": uuid7(),
        "customer_id": uuid7(),
        "reference": "ref-1",
        "amount": Decimal("25000.00"),
        "currency": "NGN",
    }
    return {**values, **changes}


def payment_refunded(**changes):
    extra = {"refund_id": uuid7(), "reason": "order_cancelled", "full": True}
    return PaymentRefunded(**_money({**extra, **changes}))


def refund_failed(**changes):
    extra = {"refund_id": uuid7(), "reason": "admin", "full": True, "status": "NEEDS_ATTENTION"}
    return RefundFailed(**_money({**extra, **changes}))


def payment_held(**changes):
    extra = {
        "paid_amount": Decimal("2500.00"),
        "paid_currency": "NGN",
        "reason": "amount_mismatch",
        "held_until": NOW,
    }
    return PaymentHeld(**_money({**extra, **changes}))


def stock_low(**changes):
    values = {"product_id": uuid7(), "name": "Clay water jug", "stock": 3, "threshold": 5}
    return StockLow(**{**values, **changes})


def reset_requested(customer_id, reset_id):
    return PasswordResetRequested(customer_id=customer_id, reset_id=reset_id, expires_at=NOW)


@pytest.fixture(scope="session")
def make():
    """Events with good defaults; each maker takes changes by keyword."""
    return SimpleNamespace(
        customer=customer,
        changed=changed,
        line=line,
        order_created=order_created,
        order_paid=order_paid,
        order_shipped=order_shipped,
        order_cancelled=order_cancelled,
        payment_refunded=payment_refunded,
        refund_failed=refund_failed,
        payment_held=payment_held,
        stock_low=stock_low,
        reset_requested=reset_requested,
    )
