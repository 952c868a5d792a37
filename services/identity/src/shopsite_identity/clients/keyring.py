"""Everything that is derived from ``SECRET_KEY``, each purpose under a key of its own."""

import base64
import hashlib
import hmac
import secrets
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from shopsite_common.ids import uuid7
from shopsite_common.tokens import ALGORITHM
from shopsite_identity.errors import SigningKeyUnreadable

_KEY_BITS = 2048
_SECRET_BYTES = 32


class NewKey:
    """A fresh key pair of access tokens.

    Attributes:
        id: the ``kid``.
        public_jwk: what the key set shows.
        private_encrypted: what only this keyring can open.
    """

    def __init__(self, keyring: "Keyring") -> None:
        key = generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.id = str(uuid7())
        self.private_encrypted = keyring.seal(pem)
        numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self.public_jwk = {"kty": "RSA", "n": numbers["n"], "e": numbers["e"]} | {
            "kid": self.id,
            "alg": ALGORITHM,
            "use": "sig",
        }


class Keyring:
    """Encrypts, and makes codes that nobody without the secret can make.

    Args:
        secret_key: the setting; whoever changes it ends sessions and links, and makes a new signing key
            (``docs/runbooks/rotate-keys.md``).
    """

    def __init__(self, secret_key: str) -> None:
        self._derived = cache(lambda purpose: _derive(secret_key, purpose))

    def seal(self, content: bytes) -> str:
        """Return the content encrypted."""
        return self._fernet().encrypt(content).decode()

    def open_key(self, private_encrypted: str) -> Any:
        """Return a private key.

        Raises:
            SigningKeyUnreadable: it was encrypted under another secret.
        """
        try:
            return load_pem_private_key(self._fernet().decrypt(private_encrypted.encode()), password=None)
        except InvalidToken as error:
            raise SigningKeyUnreadable from error

    def csrf_token(self, session_cookie: str) -> str:
        """Return the token that belongs to a session, and to no other: nothing of it needs to be stored."""
        return _text(self._code("csrf", session_cookie.encode()))

    def reset_token(self, reset_id: UUID) -> str:
        """Return the secret of a reset link.

        It is the same each time it is asked for, so that a mail that is sent twice holds one link.
        """
        return _text(self._code("reset", reset_id.bytes))

    def address_hash(self, address: str) -> bytes:
        """Return what stands for a client's address in the database."""
        return self._code("address", address.encode())

    def bucket(self, *parts: str) -> str:
        """Return a name for a counter in Redis that tells nothing about whose it is."""
        return self._code("bucket", "\n".join(parts).lower().encode()).hex()[:32]

    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._derived("signing keys")))

    def _code(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self._derived(purpose), content, "sha256")


def _derive(secret_key: str, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"shopsite identity {purpose}".encode()).derive(
        secret_key.encode()
    )


def _text(code: bytes) -> str:
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def new_secret() -> str:
    """Return an opaque random token of 256 bits."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """Return what is stored of an opaque token. It is random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()
