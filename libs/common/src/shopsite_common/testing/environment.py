"""Keeps the shop that `make test` has started apart from the tests of single parts.

Its addresses and settings come as environment variables, which every ``Settings()`` in a unit test would read, too.
"""

import os

_OF_A_SHOP = (
    "ALLOWED_HOSTS",
    "AMQP_URL",
    "CLOUDINARY_",
    "DATABASE_URL",
    "EMAIL_",
    "MAIL_URL",
    "NETWORK_URL",
    "ORDER_PAYMENT_",
    "OTEL_",
    "PAYMENT_",
    "PAYSTACK_",
    "RABBITMQ_MANAGEMENT_URL",
    "REDIS_URL",
    "SHOPSITE_",
)
_OF_TESTS = ("SHOPSITE_TEST_", "SHOPSITE_COVERAGE")

running_shop: dict[str, str] = {}
"""What `make env` says of the shop under test; empty where none runs."""


def set_shop_aside() -> None:
    """Move the shop's variables out of the environment, to where whole-system tests look for them."""
    for name in [name for name in os.environ if name.startswith(_OF_A_SHOP) and not name.startswith(_OF_TESTS)]:
        running_shop[name] = os.environ.pop(name)


def is_long_run() -> bool:
    """Tell whether this is `make test-long`, in which tests take the time that they need."""
    return os.environ.get("SHOPSITE_TEST_LONG", "") not in {"", "0"}
