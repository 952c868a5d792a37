"""Signing keys: the first one, rotation, the key set."""

import asyncio
from datetime import timedelta

import jwt
import pytest

from shopsite_common.clock import utcnow
from shopsite_common.tokens import KeySet
from shopsite_identity.clients.keyring import Keyring, NewKey
from shopsite_identity.deps.issuer import Issuer, last_token_term
from shopsite_identity.errors import NothingToActivate, SigningKeyUnreadable
from shopsite_identity.service import keys

pytestmark = pytest.mark.integration

JWKS = "/.well-known/jwks.json"
TERM = last_token_term(timedelta(minutes=15))


async def ids(client):
    return [key["kid"] for key in (await client.get(JWKS)).json()["keys"]]


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


async def test_the_key_set_is_public_and_holds_no_private_part(client):
    answer = await client.get(JWKS)
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "alg", "use"}
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")


async def test_of_many_processes_that_start_at_once_one_makes_the_first_key(db, own):
    issuers = [Issuer(own.db, own.keyring, term=timedelta(minutes=15)) for _ in range(4)]
    found = await asyncio.gather(*(issuer.public_keys() for issuer in issuers))
    assert len({key["kid"] for entries in found for key in entries}) == 1


async def test_a_rotation_step_by_step(client, db, own, make_account):
    account = make_account()
    old_token = await own.issuer.access_token(account)
    new = NewKey(own.keyring)
    now = utcnow()

    db.run_here(keys.publish_key, new=new, now=now)
    assert await ids(client) == [kid(old_token), new.id]
    with pytest.raises(NothingToActivate):
        db.run_here(keys.activate_key, now=now + timedelta(minutes=5))
    assert db.run_here(keys.find_signing_key).id == kid(old_token)

    assert db.run_here(keys.activate_key, now=now + timedelta(minutes=11)) == new.id
    fresh = Issuer(own.db, own.keyring, term=timedelta(minutes=15))
    new_token = await fresh.access_token(account)
    assert kid(new_token) == new.id
    verifier = KeySet(own._key_set)
    for token in (old_token, new_token):
        assert (await verifier.verify(token)).id == account.id

    later = now + timedelta(minutes=11) + TERM
    assert db.run_here(keys.retire_keys, last_token_term=TERM, now=later - timedelta(seconds=1)) == []
    assert db.run_here(keys.retire_keys, last_token_term=TERM, now=later) == [kid(old_token)]
    assert await ids(client) == [new.id]


async def test_a_retired_key_leaves_the_key_set_by_itself(db, own, client):
    (old,) = await ids(client)
    new = NewKey(own.keyring)
    now = utcnow()
    db.run_here(keys.publish_key, new=new, now=now - timedelta(days=1))
    db.run_here(keys.activate_key, now=now - TERM - timedelta(seconds=1))
    assert await ids(client) == [new.id]
    assert old != new.id


async def test_a_retired_keys_private_part_is_forgotten(db, own, client):
    await ids(client)
    db.run_here(keys.publish_key, new=NewKey(own.keyring), now=utcnow())
    db.run_here(keys.activate_key, now=utcnow(), at_once=True)
    stored = {row.state: row.private_encrypted for row in db.run_here(keys.list_keys)}
    assert stored["retired"] is None
    assert stored["signing"].startswith("gAAAA")


async def test_a_stolen_key_is_replaced_at_once(db, own, client, make_account):
    account = make_account()
    stolen = await own.issuer.access_token(account)
    new = NewKey(own.keyring)
    db.run_here(keys.replace_key, new=new, now=utcnow())
    assert await ids(client) == [new.id]
    assert kid(stolen) != new.id


async def test_nothing_is_signed_with_a_key_of_another_secret(db, own, make_account, client):
    account = make_account()
    await ids(client)
    other = Issuer(own.db, Keyring("another secret"), term=timedelta(minutes=15))
    with pytest.raises(SigningKeyUnreadable):
        await other.access_token(account)
