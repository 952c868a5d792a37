"""Service tokens: how one service shows another who it is on ``/internal/`` routes.

A short JWT signed with the caller's own Ed25519 key. The callee knows the public keys of those who may call it, so a
stolen key opens no more than its owner could open.
"""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shopsite_common.errors import Forbidden, NotAuthenticated
from shopsite_common.ids import uuid7

ALGORITHM = "EdDSA"
TYPE = "svc+jwt"
_LIFETIME_SECONDS = 60
_LEEWAY_SECONDS = 5  # the caller's clock may be ahead of ours


class InvalidServiceToken(NotAuthenticated):
    """The caller is no service that we know."""

    code = "invalid_service_token"
    message = "A valid service token is needed."


class ServiceSigner:
    """Signs as one service.

    Args:
        service: the caller's name, the token's ``iss``.
        key_file: its private key, PEM (PKCS 8).
    """

    def __init__(self, service: str, key_file: Path) -> None:
        self._service = service
        self._key_file = key_file
        self._tokens: dict[str, tuple[str, float]] = {}

    def token_for(self, audience: str) -> str:
        """Return a token for calls to ``audience``; the same one for half of its life."""
        token, good_until = self._tokens.get(audience, ("", 0.0))
        now = time.time()
        if now >= good_until:
            token = self._sign(audience, int(now))
            self._tokens[audience] = (token, now + _LIFETIME_SECONDS / 2)
        return token

    def _sign(self, audience: str, now: int) -> str:
        claims = {
            "iss": self._service,
            "aud": audience,
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
            "jti": str(uuid7()),
        }
        return jwt.encode(claims, _private_key(self._key_file), ALGORITHM, headers={"typ": TYPE})


class ServiceVerifier:
    """Verifies callers of one service.

    Args:
        service: the callee's name, the token's ``aud``.
        keys_dir: a folder with ``<service>.pem`` for each caller.
    """

    def __init__(self, service: str, keys_dir: Path) -> None:
        self._service = service
        self._keys_dir = keys_dir

    def verify(self, token: str, *, allowed: frozenset[str]) -> str:
        """Return the caller's name.

        Raises:
            InvalidServiceToken: the token does not count.
            Forbidden: the caller is known, but has no business here.
        """
        try:
            header = jwt.get_unverified_header(token)
            caller = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
            key = _public_key(self._keys_dir, caller)
            if header.get("typ") != TYPE or key is None:
                raise InvalidServiceToken
            options: Any = {"require": ["exp", "iat", "iss", "aud"]}
            jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._service,
                issuer=caller,
                leeway=_LEEWAY_SECONDS,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise InvalidServiceToken from error
        if caller not in allowed:
            raise Forbidden("This service may not call this.")
        return caller


@lru_cache
def _private_key(path: Path) -> Any:
    return load_pem_private_key(path.read_bytes(), password=None)


@lru_cache
def _public_key(folder: Path, service: str) -> Any:
    path = folder / f"{service}.pem"
    return load_pem_public_key(path.read_bytes()) if service.isidentifier() and path.is_file() else None
