import stat
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shopsite_local import keys


def test_a_secret_is_made_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: keys.secret(tmp_path, "postgres"), range(16)))

    assert len(seen) == 1
    assert len(seen.pop()) >= 32


def test_secrets_differ_by_name_and_begin_as_asked(tmp_path):
    assert keys.secret(tmp_path, "one") != keys.secret(tmp_path, "two")
    assert keys.secret(tmp_path, "paystack", prefix="sk_test_").startswith("sk_test_")


def test_a_secret_is_readable_by_its_owner_alone(tmp_path):
    keys.secret(tmp_path, "postgres")

    assert stat.S_IMODE((tmp_path / "secrets" / "postgres").stat().st_mode) == 0o600


def test_service_keys_are_pairs_that_survive_a_second_call(tmp_path):
    private, public = keys.service_keys(tmp_path, ("orders", "authz"))
    before = (public / "orders.pem").read_bytes()
    keys.service_keys(tmp_path, ("orders", "authz", "portal"))

    signer = load_pem_private_key((private / "orders.pem").read_bytes(), None)
    load_pem_public_key(before).verify(signer.sign(b"hello"), b"hello")
    assert (public / "orders.pem").read_bytes() == before
    assert sorted(path.name for path in public.iterdir()) == ["authz.pem", "orders.pem", "portal.pem"]
