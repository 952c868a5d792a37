"""Fixtures of the cart's tests."""

import pytest


@pytest.fixture(scope="session")
def service_package() -> str:
    """The package under test."""
    return "shopsite_cart"
