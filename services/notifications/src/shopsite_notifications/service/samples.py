"""Made-up events, one a kind of mail, for previews."""

from collections.abc import Mapping
from typing import Any, Final

from shopsite_notifications.domain import Kind

_ORDER: Final[Mapping[str, Any]] = {
    "order_id": "0193a1c2-2222-7c3a-9b1e-2f6a5c0d9e11",
    "number": "SO-10042",
    "currency": "NGN",
    "total": "41500.00",
    "items": [
        {"name": "Clay water jug", "unit_price": "12500.00", "quantity": 2, "subtotal": "25000.00"},
        {"name": "Tea & honey box <large>", "unit_price": "16500.00", "quantity": 1, "subtotal": "16500.00"},
    ],
}
_MONEY: Final[Mapping[str, Any]] = {
    "order_id": _ORDER["order_id"],
    "number": _ORDER["number"],
    "currency": "NGN",
    "amount": "41500.00",
    "reference": "shop_0193a1c2",
}

SAMPLES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    "welcome": {},
    "order_confirmation": {**_ORDER, "payment_due_at": "2026-11-24T09:00:00Z"},
    "payment_confirmation": {
        **_ORDER,
        "reference": "shop_0193a1c2",
        "channel": "bank_transfer",
        "paid_at": "2026-11-24T08:42:10Z",
    },
    "shipping": {**_ORDER, "tracking_number": "NG123456789", "carrier": "Swift Parcels"},
    "cancellation": {**_ORDER, "reason": "unpaid", "paid": False},
    "refund": {**_MONEY, "reason": "order_cancelled", "full": True},
    "password_reset": {"reset_id": "0193a1c2-3333-7c3a-9b1e-2f6a5c0d9e11", "expires_at": "2026-11-24T09:30:00Z"},
    "low_stock": {
        "product_id": "0193a1c2-4444-7c3a-9b1e-2f6a5c0d9e11",
        "name": "Clay water jug",
        "stock": 3,
        "threshold": 5,
    },
    "payment_held": {
        **_MONEY,
        "paid_amount": "4150.00",
        "paid_currency": "NGN",
        "reason": "amount_mismatch",
        "held_until": "2026-11-27T08:42:10Z",
    },
}
"""What each kind's templates get as context."""
