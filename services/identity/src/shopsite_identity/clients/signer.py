"""Access tokens: RFC 9068, RS256."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from shopsite_common.ids import uuid7
from shopsite_common.tokens import ALGORITHM, AUDIENCE, ISSUER, TYPE

CLIENT = "shopsite-gateway"


@dataclass(frozen=True)
class Holder:
    """Whose token it is, as of the moment it is made."""

    id: UUID
    role: str
    email: str
    first_name: str
    session_epoch: int


@dataclass(frozen=True)
class SigningPair:
    """The key that signs now."""

    id: str
    private_key: Any


def sign_access_token(key: SigningPair, holder: Holder, *, now: datetime, term: timedelta) -> str:
    """Return an access token."""
    issued = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "client_id": CLIENT,
        "sub": str(holder.id),
        "role": holder.role,
        "email": holder.email,
        "name": holder.first_name,
        "ver": holder.session_epoch,
        "iat": issued,
        "exp": issued + int(term.total_seconds()),
        "jti": str(uuid7()),
    }
    return jwt.encode(claims, key.private_key, ALGORITHM, headers={"typ": TYPE, "kid": key.id})
