import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shopsite_common import outbox
from shopsite_notifications.models import METADATA

pytestmark = pytest.mark.integration


def test_models_and_migrations_agree(session):
    context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
    assert compare_metadata(context, [*METADATA, outbox.metadata]) == []
