import pytest


@pytest.fixture(scope="session")
def service_package():
    return "shopsite_payments"
