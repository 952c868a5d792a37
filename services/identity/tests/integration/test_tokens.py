"""Signing in, staying signed in, signing out."""

import asyncio
import statistics
import time
from datetime import timedelta

import jwt
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from shopsite_common.clock import utcnow
from shopsite_identity.service import signing_in

pytestmark = pytest.mark.integration

PASSWORD = "securepassword123"


@pytest.fixture
def refresh(client):
    """Use a refresh token."""

    async def post(token):
        return await client.post("/api/token/refresh/", json={"refresh": token})

    return post


async def test_signing_in_gives_an_access_token_that_verifies_and_says_who(sign_in, make_account, own):
    account = make_account("Ada@example.com", role="staff")
    answer = await sign_in("ada@EXAMPLE.com")
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    principal = await own.keys.verify(answer.json()["access"])
    assert (principal.id, principal.role, principal.email, principal.name, principal.version) == (
        account.id,
        "staff",
        "Ada@example.com",
        "Ada",
        1,
    )
    claims = jwt.decode(answer.json()["access"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900


async def test_a_wrong_pair_an_unknown_address_and_an_inactive_account_look_alike(sign_in, make_account):
    make_account("ada@example.com")
    make_account("gone@example.com", is_active=False)
    answers = [
        await sign_in("ada@example.com", "wrong password"),
        await sign_in("nobody@example.com"),
        await sign_in("gone@example.com"),
        await sign_in("no address at all"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


async def test_known_and_unknown_addresses_take_the_same_time(own, make_account, sign_in, monkeypatch):
    make_account("ada@example.com")
    monkeypatch.setattr(own.throttle, "_switched_on", False)

    async def seconds(email):
        started = time.perf_counter()
        await sign_in(email, "wrong password")
        return time.perf_counter() - started

    pairs = [(await seconds("ada@example.com"), await seconds("nobody@example.com")) for _ in range(15)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    # the median of so few runs on a busy machine says only that neither is without a hash
    assert 0.5 < known / unknown < 2


async def test_the_last_sign_in_is_noted(sign_in, make_account, client, admin):
    account = make_account("ada@example.com")
    path = f"/api/admin/customers/{account.id}/"
    assert (await client.get(path, headers=admin.headers)).json()["last_login"] is None
    await sign_in("ada@example.com")
    assert (await client.get(path, headers=admin.headers)).json()["last_login"] is not None


async def test_signing_in_brings_an_old_hash_up_to_date(sign_in, make_account, db):
    account = make_account("ada@example.com")
    old = PasswordHash((Argon2Hasher(memory_cost=8192, time_cost=1, parallelism=1),)).hash(PASSWORD)

    def stored(session, new=None):
        if new is not None:
            session.connection().execute(text("UPDATE accounts SET password_hash = :new"), {"new": new})
        return session.connection().execute(text("SELECT password_hash FROM accounts")).scalar_one()

    db.run_here(stored, new=old)
    assert (await sign_in(account.email)).status_code == 200
    assert "m=47104,t=1,p=1" in db.run_here(stored)
    assert (await sign_in(account.email)).status_code == 200


async def test_a_password_changed_while_it_is_checked_does_not_sign_in(db, make_account):
    account = make_account()
    proof = signing_in.Proof(account.id, "the hash that was checked", "the same", b"address")
    assert db.run_here(signing_in.sign_in, proof=proof, term=timedelta(days=7), now=utcnow()) is None


async def test_a_refresh_token_is_rotated_and_only_its_hash_is_stored(sign_in, make_account, refresh, db):
    make_account("ada@example.com")
    first = (await sign_in("ada@example.com")).json()["refresh"]
    second = await refresh(first)
    assert second.status_code == 200
    assert second.json()["refresh"] != first
    assert (await refresh(second.json()["refresh"])).status_code == 200
    with db.session() as session:
        stored = session.connection().execute(text("SELECT token_hash FROM refresh_tokens")).scalars().all()
    assert first.encode() not in stored
    assert {len(value) for value in stored} == {32}


async def test_the_reuse_of_a_spent_token_ends_the_whole_family(sign_in, make_account, refresh):
    make_account("ada@example.com")
    first = (await sign_in("ada@example.com")).json()["refresh"]
    second = (await refresh(first)).json()["refresh"]
    third = (await refresh(second)).json()["refresh"]
    reused = await refresh(first)
    assert (reused.status_code, reused.json()["code"]) == (401, "invalid_refresh_token")
    assert (await refresh(third)).status_code == 401


async def test_another_sign_in_is_another_family(sign_in, make_account, refresh):
    make_account("ada@example.com")
    first, other = [(await sign_in("ada@example.com")).json()["refresh"] for _ in range(2)]
    await refresh(first)
    await refresh(first)
    assert (await refresh(other)).status_code == 200


async def test_of_parallel_uses_at_most_one_succeeds_and_the_family_ends(sign_in, make_account, refresh):
    make_account("ada@example.com")
    token = (await sign_in("ada@example.com")).json()["refresh"]
    answers = await asyncio.gather(*(refresh(token) for _ in range(10)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) <= 1
    for answer in good:
        assert (await refresh(answer.json()["refresh"])).status_code == 401


async def test_a_family_ends_seven_days_after_signing_in_however_active(db, make_account, sign_in, refresh):
    make_account("ada@example.com")
    token = (await sign_in("ada@example.com")).json()["refresh"]

    def later(days):
        return db.run_here(signing_in.rotate_tokens, refresh=token, now=utcnow() + timedelta(days=days))

    granted = later(6.9)
    assert granted is not None
    token = granted.refresh
    assert later(7.1) is None


async def test_signing_out_ends_the_family(client, sign_in, make_account, refresh):
    make_account("ada@example.com")
    token = (await sign_in("ada@example.com")).json()["refresh"]
    answer = await client.post("/api/token/revoke/", json={"refresh": token})
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await refresh(token)).status_code == 401
    assert (await client.post("/api/token/revoke/", json={"refresh": "unknown"})).status_code == 204


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJub25lIn0.e30.", "x" * 512])
async def test_what_is_no_refresh_token_is_refused(refresh, token):
    assert (await refresh(token)).status_code == 401


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(client, sign_in, make_account, refresh):
    make_account("ada@example.com")
    pair = (await sign_in("ada@example.com")).json()
    assert (await refresh(pair["access"][:512])).status_code == 401
    headers = {"Authorization": f"Bearer {pair['refresh']}"}
    assert (await client.get("/api/customer_profile/me/", headers=headers)).status_code == 401


async def test_ended_families_are_deleted(db, sign_in, make_account):
    make_account("ada@example.com")
    await sign_in("ada@example.com")

    def counts(session):
        query = "SELECT (SELECT count(*) FROM token_families), (SELECT count(*) FROM refresh_tokens)"
        return tuple(session.connection().execute(text(query)).one())

    keep = timedelta(days=180)
    db.run_here(signing_in.delete_ended, now=utcnow() + timedelta(days=6), addresses_unseen_for=keep)
    assert db.run_here(counts) == (1, 1)
    db.run_here(signing_in.delete_ended, now=utcnow() + timedelta(days=8), addresses_unseen_for=keep)
    assert db.run_here(counts) == (0, 0)
