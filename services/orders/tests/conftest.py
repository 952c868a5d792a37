"""Fixtures of the orders tests."""

import pytest


@pytest.fixture(scope="session")
def service_package() -> str:
    """The package under test."""
    return "shopsite_orders"
