"""Keys and tokens for tests: signed for real, by keys that only the test knows."""

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import RSAAlgorithm

from shopsite_common import tokens
from shopsite_common.ids import uuid7
from shopsite_common.service_tokens import ServiceSigner
from shopsite_common.settings import SERVICES

CALLERS = (*SERVICES, "authz", "portal")


class TokenMaker:
    """Stands for identity: makes access tokens and publishes the key that verifies them."""

    def __init__(self) -> None:
        self._key = generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = "test-key"

    @property
    def private_key(self) -> Any:
        """The key that signs."""
        return self._key

    async def key_set(self) -> dict[str, Any]:
        """Return the JWKS document: a source for ``KeySet``."""
        entry = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**entry, "kid": self.key_id, "alg": tokens.ALGORITHM, "use": "sig"}]}

    def claims(self, customer_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good token, with changes."""
        now = int(time.time())
        good = {
            "iss": tokens.ISSUER,
            "aud": tokens.AUDIENCE,
            "sub": str(customer_id or uuid7()),
            "role": "customer",
            "email": "ada@example.com",
            "name": "Ada",
            "ver": 1,
            "iat": now,
            "exp": now + 900,
            "jti": str(uuid7()),
        }
        return {**good, **changes}

    def token(self, customer_id: UUID | None = None, **changes: Any) -> str:
        """Return an access token; ``changes`` replace claims."""
        headers = {"typ": tokens.TYPE, "kid": self.key_id}
        return jwt.encode(self.claims(customer_id, **changes), self._key, tokens.ALGORITHM, headers=headers)

    def headers(self, customer_id: UUID | None = None, **changes: Any) -> dict[str, str]:
        """Return the header that carries such a token."""
        return {"Authorization": f"Bearer {self.token(customer_id, **changes)}"}


class ServiceKeys:
    """Key pairs of all callers, in a folder as every process finds them."""

    def __init__(self, folder: Path) -> None:
        self.public_dir = folder / "public"
        self.public_dir.mkdir(parents=True)
        self._folder = folder
        for service in CALLERS:
            self._make(service)

    def private_file(self, service: str) -> Path:
        """Return the private key of a service."""
        return self._folder / f"{service}.key"

    def headers(self, caller: str, audience: str) -> dict[str, str]:
        """Return the header with which ``caller`` calls an internal route of ``audience``."""
        token = ServiceSigner(caller, self.private_file(caller)).token_for(audience)
        return {"Authorization": f"Bearer {token}"}

    def _make(self, service: str) -> None:
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.private_file(service).write_bytes(private)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.public_dir / f"{service}.pem").write_bytes(public)
