import pytest

from shopsite_local import fingerprint
from shopsite_local.layout import Instance
from shopsite_local.settings import Settings


@pytest.fixture
def instance(tmp_path):
    (tmp_path / "servers").mkdir()
    return Instance(home=tmp_path, base=8000)


def test_data_without_a_complete_start_is_new(instance):
    assert fingerprint.is_new(instance, Settings({}, {}))


def test_a_second_start_of_the_same_code_is_not(instance):
    fingerprint.remember(instance, Settings({}, {}))

    assert not fingerprint.is_new(instance, Settings({}, {}))


def test_another_first_admin_has_to_be_made(instance):
    fingerprint.remember(instance, Settings({}, {}))

    assert fingerprint.is_new(instance, Settings({"SHOPSITE_ADMIN_EMAIL": "other@shopsite.example"}, {}))


def test_a_database_of_somebody_else_is_always_set_up(instance):
    given = Settings({"DATABASE_URL": "postgresql://me:pw@db.example/shop"}, {})
    fingerprint.remember(instance, given)

    assert fingerprint.is_new(instance, given)
