"""One gateway for all tests of a run; those that need other settings start their own."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from stack import Gateway


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory):
    settings = {"ALLOWED_HOSTS": "localhost, .shop.example, [::1]", "CORS_ORIGINS": "https://shop.example"}
    with Gateway(tmp_path_factory.mktemp("gateway"), **settings) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway):
    shared_gateway.forget()
    return shared_gateway
