"""Models and migrations tell of the same tables."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shopsite_common import outbox
from shopsite_identity.models import METADATA

pytestmark = pytest.mark.integration


def test_models_and_migrations_agree(session):
    options = {"compare_type": True, "target_metadata": [*METADATA, outbox.metadata]}
    context = MigrationContext.configure(session.connection(), opts=options)
    assert compare_metadata(context, [*METADATA, outbox.metadata]) == []
