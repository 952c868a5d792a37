"""The private servers that integration tests use, and what a test run makes on them for itself and drops at its end."""

import os
import secrets
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
from redis import Redis
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from shopsite_common.settings import driver_url

_NAMES = tuple(f"SHOPSITE_TEST_{server}_URL" for server in ("DATABASE", "AMQP", "REDIS"))


@dataclass(frozen=True)
class Servers:
    """Addresses whose owner may create databases, roles and virtual hosts."""

    database_url: str
    amqp_url: str
    redis_url: str


def find_servers() -> Servers:
    """Return the servers of ``make test`` or ``make servers``, starting them if they don't run."""
    known = {name: os.environ[name] for name in _NAMES if name in os.environ}
    if not known:
        command = [sys.executable, "-m", "shopsite_local", "servers", "up"]
        output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
        known = dict(line.split("=", 1) for line in output.splitlines() if line.startswith(_NAMES))
    return Servers(*(known[name] for name in _NAMES))


@contextmanager
def own_database(owner_url: str, service: str) -> Generator[tuple[str, str]]:
    """Make a database of this run's own; give its owner's URL and that of the service's role in it."""
    name = f"test_{service}_{secrets.token_hex(4)}"
    parts = urlsplit(owner_url)
    host = parts.netloc.rpartition("@")[2]
    engine = create_engine(driver_url(owner_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    service_url = urlunsplit(parts._replace(netloc=f"{name}:test@{host}", path=f"/{name}"))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}")), service_url
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
        engine.dispose()


@contextmanager
def own_virtual_host(amqp_url: str) -> Generator[str]:
    """Make a virtual host of this run's own; give its URL. The management API listens one port above AMQP's."""
    parts = urlsplit(amqp_url)
    name = f"test-{secrets.token_hex(4)}"
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    base_url = f"http://{parts.hostname}:{(parts.port or 5672) + 1}"
    with httpx.Client(base_url=base_url, auth=(parts.username or "", parts.password or ""), timeout=20) as management:
        management.put(f"/api/vhosts/{name}").raise_for_status()
        management.put(f"/api/permissions/{name}/{parts.username}", json=rights).raise_for_status()
        try:
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            management.delete(f"/api/vhosts/{name}")


@contextmanager
def own_redis_database(redis_url: str) -> Generator[str]:
    """Give the URL of an empty Redis database; which of the fifteen is a matter of chance."""
    url = urlunsplit(urlsplit(redis_url)._replace(path=f"/{1 + secrets.randbelow(15)}"))
    with Redis.from_url(url) as client:
        client.flushdb()
        yield url
