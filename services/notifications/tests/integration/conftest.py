import pytest
from sqlalchemy import text

from shopsite_common.testing.messages import emitted
from shopsite_notifications.worker.delivery import Delivery


@pytest.fixture
def delivery(resources):
    return Delivery(resources)


@pytest.fixture
def ada(happen, make):
    """A customer whose welcome mail lies behind her."""
    found = make.customer()
    happen(found)
    return found


@pytest.fixture
def execute(db):
    def run(statement, **values):
        db.run_here(lambda session: session.connection().execute(text(statement), values) and None)

    return run


@pytest.fixture
def events(db):
    return lambda: db.run_here(lambda session: emitted(session, "notifications"))


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """A clock that the test moves."""
    return Clock()
