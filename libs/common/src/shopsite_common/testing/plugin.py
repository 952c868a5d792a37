"""Pytest fixtures for the tests of a service.

A service's ``tests/conftest.py`` says who it is::

    @pytest.fixture(scope="session")
    def service_package() -> str:
        return "shopsite_orders"

and gets: ``settings`` (read from a prepared environment), ``db`` and ``session`` on a database of its own that the
real migrations built and that is empty at the start of each test, ``client`` (its API over ASGI), ``tokens`` and
``service_keys`` for credentials, ``broker_url`` with its queues declared, ``costs`` to hold requests against their
budgets.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import Session

from shopsite_common import topology
from shopsite_common.broker import connect
from shopsite_common.db import Database
from shopsite_common.migrations import migrations_dir, upgrade
from shopsite_common.provision import provision
from shopsite_common.settings import SERVICES, ServiceSettings, driver_url
from shopsite_common.testing.costs import TABLE, Costs, counter
from shopsite_common.testing.credentials import ServiceKeys, TokenMaker
from shopsite_common.testing.environment import set_shop_aside
from shopsite_common.testing.servers import Servers, find_servers, own_database, own_redis_database, own_virtual_host
from shopsite_common.tokens import KeySet


def pytest_configure() -> None:
    """Set the running shop's variables aside before any test reads settings."""
    set_shop_aside()


_SPARE = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which budgets could be lowered: nothing fails for it, and the next rise would go unseen."""
    if lines := config.stash.get(_SPARE, []):
        terminalreporter.section(f"{TABLE} can be lowered to")
        terminalreporter.write("\n".join(sorted(lines)) + "\n")


@pytest.fixture(autouse=True)
def logging_as_before() -> Generator[None]:
    """Take back what a command configured: its handler writes to an output that is closed when the test ends."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The private PostgreSQL, RabbitMQ and Redis."""
    return find_servers()


@pytest.fixture(scope="session")
def tokens() -> TokenMaker:
    """Makes access tokens of any kind."""
    return TokenMaker()


@pytest.fixture(scope="session")
def service_keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    """Key pairs of all services."""
    return ServiceKeys(tmp_path_factory.mktemp("service-keys"))


class Kept:
    """What a run made for itself, each thing once for each service and until the run ends.

    One run may test several services, and a session fixture would hand all of them what the first had made.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._found: dict[tuple[str, str], str] = {}

    def get(self, kind: str, service_package: str, make: Callable[[], AbstractContextManager[str]]) -> str:
        """Return the service's thing of that kind, made when it is first asked for."""
        key = (kind, service_package)
        if key not in self._found:
            self._found[key] = self._stack.enter_context(make())
        return self._found[key]


@pytest.fixture(scope="session")
def kept() -> Generator[Kept]:
    """What this run has made for itself."""
    with ExitStack() as stack:
        yield Kept(stack)


@pytest.fixture
def database_url(servers: Servers, service_package: str, kept: Kept) -> str:
    """A database of this run's own, provisioned and migrated as in production; the URL of the service's role."""
    return kept.get("database", service_package, lambda: _migrated_database(servers, service_package))


@contextmanager
def _migrated_database(servers: Servers, service_package: str) -> Generator[str]:
    service = service_package.removeprefix("shopsite_")
    models = import_module(f"{service_package}.models")
    with own_database(servers.database_url, service) as (owner_url, url):
        provision(owner_url, service, url, extensions=getattr(models, "EXTENSIONS", ()))
        upgrade(driver_url(url), migrations_dir(service_package), models.METADATA)
        yield url


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> Generator[str]:
    """A Redis database of this run's own."""
    with own_redis_database(servers.redis_url) as url:
        yield url


@pytest.fixture
def broker_url(servers: Servers, service_package: str, kept: Kept) -> str:
    """A virtual host of this run's own, with the service's queues declared."""
    return kept.get("broker", service_package, lambda: _declared_virtual_host(servers, service_package))


@contextmanager
def _declared_virtual_host(servers: Servers, service_package: str) -> Generator[str]:
    handlers = import_module(f"{service_package}.consumers").HANDLERS

    async def declare(url: str) -> None:
        async with await connect(url, name="test", give_up_after=10) as broker:
            await topology.declare(await broker.channel(), handlers)

    def declare_now(url: str) -> None:
        asyncio.run(declare(url))

    with own_virtual_host(servers.amqp_url) as url, ThreadPoolExecutor(1) as thread:
        # in a thread of its own, for the test that asks first may have a loop that runs already
        thread.submit(declare_now, url).result()
        yield url


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
    redis_url: str,
    service_keys: ServiceKeys,
    service_package: str,
    tmp_path: Path,
) -> pytest.MonkeyPatch:
    """The environment variables of a process of the service; a test may set more before it asks for ``settings``."""
    service = service_package.removeprefix("shopsite_")
    values = {
        f"DATABASE_URL_{service.upper()}": database_url,
        "REDIS_URL": redis_url,
        "SERVICE_KEY_FILE": str(service_keys.private_file(service)),
        "SERVICE_PUBLIC_KEYS_DIR": str(service_keys.public_dir),
        "STATE_DIR": str(tmp_path),
        "SECRET_KEY": "a-secret-for-tests-that-is-long-enough",
        # nobody listens there: a call that a test did not expect fails at once
        **{f"{name.upper()}_URL": "http://127.0.0.1:9" for name in SERVICES},
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    for name in ("DATABASE_URL", "METRICS_PORT", "PUBLIC_URL", "AMQP_URL"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def settings(environment: pytest.MonkeyPatch, service_package: str) -> ServiceSettings:
    """The service's settings."""
    found: ServiceSettings = import_module(f"{service_package}.settings").Settings()
    return found


@pytest.fixture
def db(settings: ServiceSettings) -> Generator[Database]:
    """The service's database, empty but for what its migrations put there."""
    database = Database(settings.service_database_url, places=settings.db_pool_size)
    database.run_here(_empty_all_tables)
    yield database
    database.close()


@pytest.fixture
def session(db: Database) -> Generator[Session]:
    """A session that is rolled back at the end, unless the test commits."""
    with db.session() as found:
        yield found


@pytest.fixture
async def app(
    db: Database, environment: pytest.MonkeyPatch, service_package: str, tokens: TokenMaker
) -> AsyncGenerator[Any]:
    """The service's API with its resources open; it verifies the tokens that ``tokens`` makes."""
    application = import_module(f"{service_package}.main").create()
    async with application.router.lifespan_context(application):
        application.state.resources.keys = KeySet(tokens.key_set)
        await application.state.resources.redis.flushdb()
        yield application


@pytest.fixture
async def client(app: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the service's API."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.com") as found:
        yield found


@pytest.fixture
def costs(pytestconfig: pytest.Config) -> Generator[Costs]:
    """Measures requests, and holds them against the budgets."""
    with counter() as found:
        yield Costs(found, pytestconfig.rootpath / TABLE, pytestconfig.stash.setdefault(_SPARE, []))


def _empty_all_tables(session: Session) -> None:
    names = (
        session.connection()
        .execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"))
        .scalars()
    )
    tables = ", ".join(f'"{name}"' for name in names if name != "alembic_version")
    session.connection().execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
