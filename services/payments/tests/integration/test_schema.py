import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.pool import NullPool

from shopsite_common import outbox
from shopsite_common.migrations import alembic_config, migrations_dir
from shopsite_common.provision import provision
from shopsite_common.settings import driver_url
from shopsite_common.testing.servers import own_database
from shopsite_payments.models import METADATA

pytestmark = pytest.mark.integration


def test_models_and_migrations_agree(db):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        both = MetaData()
        for metadata in (*METADATA, outbox.metadata):
            for table in metadata.tables.values():
                table.to_metadata(both)
        differences = [found for found in compare_metadata(context, both) if "alembic_version" not in str(found)]
    assert differences == []


def test_the_first_revision_can_be_taken_back(servers):
    from alembic import command

    from shopsite_common.migrations import upgrade

    with own_database(servers.database_url, "payments") as (owner_url, url):
        provision(owner_url, "payments", url)
        upgrade(driver_url(url), migrations_dir("shopsite_payments"), METADATA)
        engine = create_engine(driver_url(url), poolclass=NullPool)
        with engine.begin() as connection:
            config = alembic_config(migrations_dir("shopsite_payments"))
            config.attributes.update(connection=connection, metadata=[*METADATA])
            command.downgrade(config, "base")
            assert inspect(connection).get_table_names() == ["alembic_version"]
        engine.dispose()
