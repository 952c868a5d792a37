"""Only a token of ours, for us, of the right kind and in its time counts."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm

from shopsite_common.errors import Unavailable
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


async def test_a_flood_of_unknown_keys_asks_identity_once(tokens):
    asked = 0

    async def count():
        nonlocal asked
        asked += 1
        return await tokens.key_set()

    keys = KeySet(count)
    await keys.verify(tokens.token())
    for number in range(20):
        token = jwt.encode(tokens.claims(), tokens.private_key, "RS256", headers={"typ": TYPE, "kid": f"key-{number}"})
        with pytest.raises(InvalidToken):
            await keys.verify(token)
    assert asked == 1
