from shopsite_local import fingerprint
from shopsite_local.layout import Instance
from shopsite_local.settings import Settings


def test_data_without_a_complete_start_is_new(tmp_path):
    assert fingerprint.is_new(Instance(home=tmp_path, base=8000), Settings({}, {}))


def test_a_second_start_of_the_same_code_is_not(tmp_path):
    instance = Instance(home=tmp_path, base=8000)

    fingerprint.remember(instance, Settings({}, {}))

    assert not fingerprint.is_new(instance, Settings({}, {}))


def test_another_first_admin_has_to_be_made(tmp_path):
    instance = Instance(home=tmp_path, base=8000)
    fingerprint.remember(instance, Settings({}, {}))

    assert fingerprint.is_new(instance, Settings({"SHOPSITE_ADMIN_EMAIL": "other@shopsite.example"}, {}))
