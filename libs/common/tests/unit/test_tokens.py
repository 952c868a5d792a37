"""Only a token of ours, for us, of the right kind and in its time counts."""

import asyncio
import contextlib
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm, RSAAlgorithm

from shopsite_common.errors import Unavailable
from shopsite_common.testing.polling import eventually
from shopsite_common.tokens import TYPE, InvalidToken, KeySet


@pytest.fixture
def keys(tokens):
    return KeySet(tokens.key_set)


async def test_a_good_token_tells_who_is_asking(keys, tokens):
    principal = await keys.verify(tokens.token(role="staff", ver=7))
    assert (principal.role, principal.version, principal.is_staff, principal.is_admin) == ("staff", 7, True, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"nbf": time.time() + 3600},
        {"iat": time.time() + 3600},
        {"iss": "somebody"},
        {"aud": "elsewhere"},
        {"sub": "no-uuid"},
        {"role": "owner"},
        {"ver": "x"},
        {"jti": None},
    ],
    ids=str,
)
async def test_wrong_claims_are_refused(keys, tokens, changes):
    with pytest.raises(InvalidToken):
        await keys.verify(tokens.token(**changes))


@pytest.mark.parametrize(
    "headers", [{"typ": "JWT"}, {"typ": "svc+jwt"}, {"kid": "unknown"}, {"kid": 1}, {"kid": "../x"}], ids=str
)
async def test_wrong_headers_are_refused(keys, tokens, headers):
    made = {"typ": TYPE, "kid": tokens.key_id, **headers}
    kid = made.pop("kid")
    if isinstance(kid, str):
        made["kid"] = kid
    with pytest.raises(InvalidToken):
        await keys.verify(jwt.encode(tokens.claims(), tokens.private_key, "RS256", headers=made))


async def test_other_algorithms_and_other_keys_are_refused(keys, tokens, monkeypatch):
    headers = {"typ": TYPE, "kid": tokens.key_id}
    public = tokens.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # signed by hand, because the library refuses to take a public key for a secret
    monkeypatch.setattr(HMACAlgorithm, "prepare_key", lambda _self, key: key)
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    forged = [
        jwt.encode(tokens.claims(), None, "none", headers=headers),
        jwt.encode(tokens.claims(), public, "HS256", headers=headers),
        jwt.encode(tokens.claims(), stranger, "RS256", headers=headers),
        "a.b.c",
        "",
        "opaque-refresh-token",
    ]
    for token in forged:
        with pytest.raises(InvalidToken):
            await keys.verify(token)


async def test_the_last_key_set_holds_on_while_identity_is_down(tokens, tmp_path):
    file = tmp_path / "keys.json"
    await KeySet(tokens.key_set, cache_file=file).verify(tokens.token())

    async def down():
        raise OSError

    assert (await KeySet(down, cache_file=file).verify(tokens.token())).role == "customer"
    with pytest.raises(Unavailable):
        await KeySet(down).verify(tokens.token())


def with_key(tokens, kid):
    return jwt.encode(tokens.claims(), tokens.private_key, "RS256", headers={"typ": TYPE, "kid": kid})


async def test_a_key_that_nobody_could_be_asked_about_refuses_no_token(tokens, tmp_path, monkeypatch):
    file = tmp_path / "keys.json"
    await KeySet(tokens.key_set, cache_file=file).verify(tokens.token())
    up = False

    async def sometimes():
        if not up:
            raise OSError
        return await tokens.key_set()

    keys = KeySet(sometimes, cache_file=file)
    monkeypatch.setattr(tokens, "key_id", "made-since")
    with pytest.raises(Unavailable):
        await keys.verify(tokens.token())
    up = True

    async def verified():
        with contextlib.suppress(Unavailable):
            return await keys.verify(tokens.token())

    assert await eventually(verified, within=30)  # it asks again within a second, not half a minute
    with pytest.raises(InvalidToken):
        await keys.verify(with_key(tokens, "nobodys"))


@pytest.mark.parametrize("answer", [{}, {"keys": []}, {"keys": [{"kid": "a"}]}, {"keys": [1]}, []], ids=str)
async def test_an_answer_that_is_no_key_set_takes_no_known_key_away(tokens, tmp_path, answer):
    file = tmp_path / "keys.json"
    await KeySet(tokens.key_set, cache_file=file).verify(tokens.token())

    async def confused():
        return answer

    keys = KeySet(confused, cache_file=file)
    assert (await keys.verify(tokens.token())).role == "customer"
    with pytest.raises(Unavailable):
        await keys.verify(with_key(tokens, "made-since"))


async def test_who_waits_for_the_first_answer_is_served_by_it(tokens):
    asked = 0

    async def slow():
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        return await tokens.key_set()

    keys = KeySet(slow)
    await asyncio.gather(*(keys.verify(tokens.token()) for _ in range(10)))
    assert asked == 1


async def test_a_token_from_a_clock_ahead_counts(keys, tokens):
    assert await keys.verify(tokens.token(iat=int(time.time()) + 3))


async def test_a_flood_of_unknown_keys_asks_identity_once(tokens):
    asked = 0

    async def count():
        nonlocal asked
        asked += 1
        return await tokens.key_set()

    keys = KeySet(count)
    await keys.verify(tokens.token())
    for number in range(20):
        with pytest.raises(InvalidToken):
            await keys.verify(with_key(tokens, f"key-{number}"))
    assert asked == 1


async def test_a_remembered_token_counts_no_longer_than_it_says(keys, tokens, monkeypatch):
    token = tokens.token(exp=int(time.time()) + 60)
    await keys.verify(token)
    monkeypatch.setattr("shopsite_common.tokens.verify_with", refuse)
    await keys.verify(token)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(InvalidToken):
        await keys.verify(token)


def refuse(_key, _token):
    raise InvalidToken


async def test_a_remembered_token_is_judged_anew_by_each_new_key_set(tokens):
    document = await tokens.key_set()

    async def source():
        return document

    keys = KeySet(source)
    token = tokens.token()
    await keys.verify(token)
    other = generate_private_key(65537, 2048).public_key()
    with_other = RSAAlgorithm.to_jwk(other, as_dict=True) | {"kid": tokens.key_id, "alg": "RS256"}
    document = {"keys": [with_other]}
    await keys._fetch()
    with pytest.raises(InvalidToken):
        await keys.verify(token)


async def test_no_more_tokens_are_remembered_than_fit(keys, tokens, monkeypatch):
    monkeypatch.setattr("shopsite_common.tokens._REMEMBERED", 2)
    for _ in range(4):
        await keys.verify(tokens.token())
    assert len(keys._passed) == 2
