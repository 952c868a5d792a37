"""Migrations: ``migrate`` brings a service's schema to its newest revision, and the broker's queues with it.

A service keeps only its revisions, in ``migrations/`` beside ``src/``. Its first one calls
:func:`create_messaging_tables`, so that outbox and inbox are the same in all six.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from shopsite_common import idempotency, inbox, outbox
from shopsite_common.dead_letters import repository as dead_letters
from shopsite_common.logs import get_logger

log = get_logger(__name__)


def migrations_dir(package: str) -> Path:
    """Return where a service's revisions are: ``MIGRATIONS_DIR`` in an image, else beside its ``src``."""
    if override := os.environ.get("MIGRATIONS_DIR"):
        return Path(override)
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parents[2] / "migrations"


def alembic_config(versions: Path) -> Config:
    """Return Alembic's configuration for one service's revisions."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(url: str, versions: Path, metadata: Sequence[MetaData], *, revision: str = "head") -> None:
    """Run every missing revision as the service's own role; a second process that does so waits for the first."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5min'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' migrate', 0))"))
        config = alembic_config(versions)
        config.attributes.update(connection=connection, metadata=[*metadata, outbox.metadata])
        command.upgrade(config, revision)
    engine.dispose()


def is_current(url: str, versions: Path) -> bool:
    """Tell whether the schema is at the newest revision here, or past it: the last release runs on the next schema.

    Raises:
        OperationalError: the database or the role is not there.
    """
    script = ScriptDirectory.from_config(alembic_config(versions))
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    known = {revision.revision for revision in script.walk_revisions()}
    return bool(found) and (found >= set(script.get_heads()) or not found <= known)


def await_current(url: str, versions: Path, *, seconds: float) -> bool:
    """Wait until another process has migrated the schema; tell whether that happened in time."""
    tries = Retrying(
        retry=retry_if_exception_type(OperationalError) | retry_if_result(lambda current: not current),
        stop=stop_after_delay(seconds),
        wait=wait_fixed(1),
        before_sleep=lambda _: log.info("awaiting_schema"),
        retry_error_callback=lambda _: False,
    )
    return tries(is_current, url, versions)


def create_messaging_tables() -> None:
    """Create outbox, sequences and inbox: the first version of them, for a service's first revision."""
    bind = op.get_bind()
    outbox.metadata.create_all(bind, tables=[outbox.outbox, outbox.sequences, inbox.inbox])


def create_idempotency_table() -> None:
    """Create the table of idempotent answers, for the services that keep some."""
    idempotency.metadata.create_all(op.get_bind(), tables=[idempotency.keys])


def create_dead_letter_tables() -> None:
    """Create the tables of dead letters and of the customers that they must not tell of any more."""
    tables = [dead_letters.dead_letters, dead_letters.erasures]
    outbox.metadata.create_all(op.get_bind(), tables=tables)
