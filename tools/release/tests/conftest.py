from copy import deepcopy

import pytest

from shopsite_release import contract
from shopsite_release.parts import PARTS


@pytest.fixture(scope="session")
def orders_now():
    """What the code of orders promises, made once."""
    return contract.of_code(PARTS["orders"])


@pytest.fixture
def document(orders_now):
    """A copy of its document, for a test to break."""
    return deepcopy(orders_now.api)
