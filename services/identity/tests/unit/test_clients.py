"""What is kept outside the database: hashes in threads, codes from the secret, the cache."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from redis.exceptions import ConnectionError as RedisDown

from shopsite_common.errors import Unavailable
from shopsite_common.ids import uuid7
from shopsite_common.tokens import verify_with
from shopsite_identity.clients import passwords
from shopsite_identity.clients.keyring import Keyring, NewKey, new_secret, secret_hash
from shopsite_identity.clients.passwords import PasswordHasher
from shopsite_identity.clients.profiles import ProfileCache
from shopsite_identity.clients.signer import Holder, SigningPair, sign_access_token
from shopsite_identity.errors import SigningKeyUnreadable


@pytest.fixture
def hasher():
    found = PasswordHasher(places=2, wait_seconds=5)
    yield found
    found.close()


async def test_a_hash_is_argon2id_with_the_approved_parameters(hasher):
    stored = await hasher.hash("securepassword123")
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await hasher.verify("securepassword123", stored) == passwords.Check(ok=True)
    assert not (await hasher.verify("securepassword124", stored)).ok


async def test_a_hash_with_older_parameters_is_replaced(hasher):
    old = PasswordHash((Argon2Hasher(memory_cost=8192, time_cost=1, parallelism=1),)).hash("securepassword123")
    check = await hasher.verify("securepassword123", old)
    assert check.ok
    assert check.new_hash.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert (await hasher.verify("wrong password", old)).new_hash is None


async def test_nobodys_password_is_never_right(hasher):
    assert not (await hasher.verify("nobody's password", None)).ok


async def test_a_hash_of_another_kind_is_no_password(hasher):
    assert not (await hasher.verify("securepassword123", "md5$abc")).ok


async def test_a_password_with_spaces_and_foreign_letters_counts_to_the_last_character(hasher):
    stored = await hasher.hash(" пароль 🦄 " * 20)
    assert (await hasher.verify(" пароль 🦄 " * 20, stored)).ok
    assert not (await hasher.verify((" пароль 🦄 " * 20).strip(), stored)).ok


async def test_only_so_many_are_hashed_at_once_and_the_others_are_refused_in_time(monkeypatch):
    release, running = threading.Event(), threading.Semaphore(0)

    def verify(*_):
        running.release()
        release.wait(5)
        return passwords.Check(ok=True)

    monkeypatch.setattr(passwords, "_verify", verify)
    hasher = PasswordHasher(places=2, wait_seconds=0.05)
    first = [asyncio.create_task(hasher.verify("a", None)) for _ in range(2)]
    for _ in first:
        await asyncio.to_thread(running.acquire)
    with pytest.raises(Unavailable):
        await hasher.verify("a", None)
    release.set()
    assert all(check.ok for check in await asyncio.gather(*first))
    hasher.close()


def test_a_private_key_opens_under_its_own_secret_only():
    new = NewKey(Keyring("one secret"))
    assert new.public_jwk["kid"] == new.id
    assert "d" not in new.public_jwk
    assert Keyring("one secret").open_key(new.private_encrypted).key_size == 2048
    with pytest.raises(SigningKeyUnreadable):
        Keyring("another secret").open_key(new.private_encrypted)


def test_codes_differ_by_purpose_and_secret_and_are_the_same_again():
    keyring, reset = Keyring("one secret"), uuid7()
    assert keyring.reset_token(reset) == Keyring("one secret").reset_token(reset)
    assert keyring.reset_token(reset) != Keyring("another secret").reset_token(reset)
    assert keyring.csrf_token("cookie") != keyring.csrf_token("Cookie")
    assert keyring.address_hash("a") != keyring.csrf_token("a").encode()


def test_a_counters_name_tells_nothing_and_ignores_case():
    keyring = Keyring("one secret")
    name = keyring.bucket("account", "Ada@example.com")
    assert name == keyring.bucket("account", "ada@EXAMPLE.com")
    assert name != keyring.bucket("account", "ada@example.com", "192.0.2.1")
    assert "ada" not in name


def test_an_opaque_token_is_long_and_stored_as_its_hash():
    secret = new_secret()
    assert len(secret) == 43
    assert secret_hash(secret) == secret_hash(secret) != secret_hash(new_secret())


def test_an_access_token_says_whose_it_is():
    keyring = Keyring("one secret")
    new = NewKey(keyring)
    holder = Holder(UUID(int=7), "staff", "ada@example.com", "Ada", 3)
    pair = SigningPair(new.id, keyring.open_key(new.private_encrypted))
    token = sign_access_token(pair, holder, now=datetime.now(UTC), term=timedelta(minutes=15))
    principal = verify_with(jwt.PyJWK(new.public_jwk).key, token)
    assert (principal.id, principal.role, principal.email) == (UUID(int=7), "staff", "ada@example.com")
    assert (principal.name, principal.version) == ("Ada", 3)
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "at+jwt", "kid": new.id}


class DeadRedis:
    """A Redis that never answers."""

    def register_script(self, _script):
        async def run(**_):
            raise RedisDown

        return run

    async def get(self, _key):
        raise RedisDown


async def test_a_cache_without_redis_is_passed_by():
    cache = ProfileCache(DeadRedis())
    assert await cache.get(uuid7()) is None
    assert not await cache.put(uuid7(), 1, b"{}")
