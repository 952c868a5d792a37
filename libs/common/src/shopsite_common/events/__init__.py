"""Event contracts: the envelope, one module of payloads a publisher, and the registry of all.

``from shopsite_common.events import OrderCreated``; ``decode(body)`` gives the typed envelope of a message.
"""

import orjson
from pydantic import ValidationError

from shopsite_common.events.audit import AdminActed
from shopsite_common.events.catalog import ProductCreated, ProductDeleted, ProductUpdated, StockChanged, StockLow
from shopsite_common.events.contract import (
    ANY_SERVICE,
    CONTRACTS,
    EXCHANGE,
    Event,
    EventData,
    UnknownEvent,
    contract_of,
)
from shopsite_common.events.identity import (
    CustomerDeleted,
    CustomerRegistered,
    CustomerUpdated,
    PasswordResetRequested,
    Preferences,
    Role,
)
from shopsite_common.events.notifications import EmailFailed, EmailSent
from shopsite_common.events.orders import (
    CancelReason,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderLine,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
)
from shopsite_common.events.payments import (
    PaymentFailed,
    PaymentHeld,
    PaymentInitiated,
    PaymentNews,
    PaymentRefunded,
    PaymentReleased,
    PaymentSucceeded,
    RefundFailed,
    RefundReason,
    RefundStarted,
)

__all__ = [
    "ANY_SERVICE",
    "CONTRACTS",
    "EXCHANGE",
    "AdminActed",
    "CancelReason",
    "CustomerDeleted",
    "CustomerRegistered",
    "CustomerUpdated",
    "EmailFailed",
    "EmailSent",
    "Event",
    "EventData",
    "OrderCancelled",
    "OrderCompleted",
    "OrderCreated",
    "OrderLine",
    "OrderPaid",
    "OrderRefunded",
    "OrderShipped",
    "PasswordResetRequested",
    "PaymentFailed",
    "PaymentHeld",
    "PaymentInitiated",
    "PaymentNews",
    "PaymentRefunded",
    "PaymentReleased",
    "PaymentSucceeded",
    "Preferences",
    "ProductCreated",
    "ProductDeleted",
    "ProductUpdated",
    "RefundFailed",
    "RefundReason",
    "RefundStarted",
    "Role",
    "StockChanged",
    "StockLow",
    "UnknownEvent",
    "contract_of",
    "decode",
]


def decode(body: bytes) -> Event[EventData]:
    """Return the typed envelope of a message body.

    Raises:
        UnknownEvent: the body is not JSON, no envelope, of no known type, or its payload breaks the contract.
    """
    try:
        document = orjson.loads(body)
        contract = contract_of(document["type"])
        data = contract.model_validate(document.get("data"))
        return Event[EventData].model_validate({**document, "data": data})
    except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UnknownEvent(str(error)) from error
