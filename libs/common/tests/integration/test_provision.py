"""What a service's role can do, and what it can't."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from shopsite_common.provision import provision
from shopsite_common.settings import driver_url
from shopsite_common.testing.servers import own_database

pytestmark = pytest.mark.integration


@pytest.fixture
def connect(servers):
    """Return a function that connects as the role of orders; cart has a schema beside it, with a secret in it."""
    with own_database(servers.database_url, "orders") as (owner_url, orders_url):
        provision(owner_url, "orders", orders_url, extensions=["pg_trgm"])
        role = orders_url.rpartition("/")[2]
        cart_url = orders_url.replace(f"{role}:", f"{role}_cart:")
        provision(owner_url, "cart", cart_url)
        engines = {name: create_engine(driver_url(url)) for name, url in (("orders", orders_url), ("cart", cart_url))}
        with engines["cart"].begin() as connection:
            connection.execute(text("CREATE TABLE secrets (value text)"))
        yield engines["orders"].begin
        for engine in engines.values():
            engine.dispose()
        owner = create_engine(driver_url(owner_url), isolation_level="AUTOCOMMIT")
        with owner.connect() as connection:
            connection.execute(text(f"DROP OWNED BY {role}_cart CASCADE"))
            connection.execute(text(f"DROP ROLE {role}_cart"))
        owner.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM cart.secrets",
        "CREATE TABLE cart.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "DROP TABLE cart.secrets",
        "CREATE ROLE another",
        "CREATE SCHEMA another",
    ],
)
def test_a_role_opens_its_own_schema_and_no_other(connect, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be"), connect() as connection:
        connection.execute(text(statement))


def test_a_role_works_in_its_own_schema_with_its_extensions_and_limits(connect):
    with connect() as connection:
        connection.execute(text("CREATE TABLE mine (name text)"))
        assert connection.execute(text("SELECT 'orders.mine'::regclass = 'mine'::regclass")).scalar()
        assert connection.execute(text("SELECT similarity('a', 'a')")).scalar() == 1
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "10s"
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
