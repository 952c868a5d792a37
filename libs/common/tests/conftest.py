"""A service without business: a database with outbox and inbox, and a table in which handlers leave a mark."""

from collections.abc import Generator

import pytest
from sqlalchemy import create_engine, text

from shopsite_common import idempotency, outbox
from shopsite_common.db import Database
from shopsite_common.provision import provision
from shopsite_common.settings import driver_url
from shopsite_common.testing.servers import Servers, own_database, own_redis_database, own_virtual_host


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Generator[str]:
    with own_database(servers.database_url, "orders") as (owner_url, url):
        provision(owner_url, "orders", url)
        engine = create_engine(driver_url(url))
        outbox.metadata.create_all(engine)
        idempotency.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE effects (event_id uuid, order_id uuid, note text)"))
        engine.dispose()
        yield driver_url(url)


@pytest.fixture(scope="session")
def amqp_url(servers: Servers) -> Generator[str]:
    with own_virtual_host(servers.amqp_url) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> Generator[str]:
    with own_redis_database(servers.redis_url) as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Generator[Database]:
    database = Database(database_url, places=6, wait_seconds=2)
    tables = "outbox, event_sequences, inbox, idempotency_keys, dead_letters, dead_letter_erasures, effects"
    database.run_here(lambda session: session.connection().execute(text(f"TRUNCATE {tables} RESTART IDENTITY")))
    yield database
    database.close()
