"""Whether a schema is new enough for a release, which is what its processes wait for."""

from textwrap import dedent

import pytest
from sqlalchemy import MetaData
from sqlalchemy.exc import OperationalError

from shopsite_common.migrations import await_current, is_current, upgrade
from shopsite_common.provision import provision
from shopsite_common.settings import driver_url
from shopsite_common.testing.servers import own_database

pytestmark = pytest.mark.integration


def release(folder, *names):
    """Return a folder with revisions of these names, one after the other."""
    folder.mkdir()
    for before, name in zip((None, *names), names, strict=False):
        folder.joinpath(f"{name}.py").write_text(
            dedent(f"""
                from alembic import op
                revision = {name!r}
                down_revision = {before!r}
                def upgrade() -> None:
                    op.execute("CREATE TABLE {name} (id int)")
            """)
        )
    return folder


@pytest.fixture
def url(servers):
    with own_database(servers.database_url, "orders") as (owner_url, orders_url):
        provision(owner_url, "orders", orders_url)
        yield driver_url(orders_url)


def test_a_schema_is_current_when_its_release_or_a_later_one_has_migrated_it(url, tmp_path):
    first = release(tmp_path / "first", "one")
    second = release(tmp_path / "second", "one", "two")
    assert not is_current(url, first)
    upgrade(url, first, [MetaData()])
    assert is_current(url, first)
    assert not is_current(url, second)
    upgrade(url, second, [MetaData()])
    assert is_current(url, second)
    assert is_current(url, first)


def test_waiting_ends_when_it_took_too_long_and_bears_a_database_that_is_not_there(url, tmp_path):
    first = release(tmp_path / "first", "one")
    nowhere = url.replace(url.rpartition("/")[2], "nowhere")
    with pytest.raises(OperationalError):
        is_current(nowhere, first)
    assert not await_current(nowhere, first, seconds=0.1)
    assert not await_current(url, first, seconds=0.1)
    upgrade(url, first, [MetaData()])
    assert await_current(url, first, seconds=0.1)
