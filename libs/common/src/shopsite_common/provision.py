"""What the database's owner prepares for one service: its role, its schema, the settings of its sessions.

Runs before the service's own migrations, as often as one likes. A role opens its own schema and no other. Session
settings stand on the role, because a connection pooler refuses them as connection options.
"""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from shopsite_common.settings import driver_url

EXTENSIONS_SCHEMA = "extensions"
_ROLE_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "20s",
    "timezone": "UTC",
}


def provision(owner_url: str, service: str, service_url: str, *, extensions: Sequence[str] = ()) -> None:
    """Make role, schema and extensions of ``service``, as the owner of the database.

    Args:
        owner_url: a role that may create roles and schemas.
        service_url: the URL with which the service will connect: role and password are taken from it.
        extensions: names of PostgreSQL extensions that the service's migrations need.
    """
    parts = urlsplit(service_url)
    role, password = unquote(parts.username or ""), unquote(parts.password or "")
    engine = create_engine(driver_url(owner_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # six services may be provisioned at the same time, and PostgreSQL's catalogs don't like that
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended('shopsite provision', 0))"))
        _make_role(connection, role, password)
        _make_schema(connection, service, role)
        _make_extensions(connection, extensions, role)
    engine.dispose()


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _literal(connection: Connection, value: str) -> str:
    found: str = connection.execute(text("SELECT quote_literal(:value)"), {"value": value}).scalar_one()
    return found.replace(":", "\\:")


def _make_role(connection: Connection, role: str, password: str) -> None:
    name = _quoted(connection, role)
    exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        text(f"{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {_literal(connection, password)}")
    )
    for setting, value in _ROLE_SETTINGS.items():
        connection.execute(text(f"ALTER ROLE {name} SET {setting} = {_literal(connection, value)}"))


def _make_schema(connection: Connection, service: str, role: str) -> None:
    schema, name = _quoted(connection, service), _quoted(connection, role)
    database = _quoted(connection, connection.execute(text("SELECT current_database()")).scalar_one())
    connection.execute(text("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    connection.execute(text(f"GRANT {name} TO CURRENT_USER"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {name}"))
    connection.execute(text(f"GRANT CONNECT ON DATABASE {database} TO {name}"))
    connection.execute(
        text(f"ALTER ROLE {name} IN DATABASE {database} SET search_path = {schema}, {EXTENSIONS_SCHEMA}")
    )


def _make_extensions(connection: Connection, extensions: Sequence[str], role: str) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {EXTENSIONS_SCHEMA}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA {EXTENSIONS_SCHEMA} TO {_quoted(connection, role)}"))
    for extension in extensions:
        connection.execute(
            text(f"CREATE EXTENSION IF NOT EXISTS {_quoted(connection, extension)} SCHEMA {EXTENSIONS_SCHEMA}")
        )
