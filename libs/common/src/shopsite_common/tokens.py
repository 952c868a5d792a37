"""Access tokens: what is in them, and how every process verifies them against identity's published keys.

RFC 9068: RS256, header ``typ: at+jwt``. The key set is fetched once, kept on disk so that an identity that is down
locks nobody out, and asked for again at most every 30 seconds when a token names a key that isn't known. While
identity does not answer, such a token is not refused: it cannot be judged.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import httpx
import jwt
import orjson

from shopsite_common.errors import NotAuthenticated, Unavailable
from shopsite_common.logs import get_logger
from shopsite_common.state_files import keep

log = get_logger(__name__)

ALGORITHM = "RS256"
TYPE = "at+jwt"
ISSUER = "shopsite-identity"
AUDIENCE = "shopsite"
_CLAIMS = ["exp", "iat", "iss", "aud", "sub", "jti", "role", "ver"]
_REFETCH_SECONDS = 30.0
_REFRESH_SECONDS = 300.0
_RETRY_SECONDS = 1.0
_AHEAD_SECONDS = 60
_REMEMBERED = 2048  # tokens; the signature of one that comes again costs more than all else of a small request

Role = Literal["customer", "staff", "admin"]
_ROLES = ("customer", "staff", "admin")
_NO_KEY_SET = (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError)


class InvalidToken(NotAuthenticated):
    """The token is malformed, expired, of another kind, or signed by nobody we know."""

    code = "invalid_token"
    message = "The access token is not valid."


@dataclass(frozen=True)
class Principal:
    """Who is asking, as their token says.

    Attributes:
        id: the account.
        version: the account's session epoch when the token was made; a higher one revokes it.
        expires_at: Unix time.
        token: the token itself, to act on the customer's behalf at another service.
    """

    id: UUID
    role: Role
    email: str
    name: str
    version: int
    expires_at: int
    token: str

    @property
    def is_staff(self) -> bool:
        """Staff or admin."""
        return self.role in {"staff", "admin"}

    @property
    def is_admin(self) -> bool:
        """Admin."""
        return self.role == "admin"


def http_source(url: str) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return a source that reads the key set from identity at ``url``."""

    async def fetch() -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=2) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            document: dict[str, Any] = answer.json()
            return document

    return fetch


@dataclass(frozen=True)
class _Passed:
    """A token that was verified, by which key."""

    key_id: str
    key: Any
    principal: Principal


class KeySet:
    """Identity's public keys, by their ids.

    Args:
        source: where the JWKS document comes from.
        cache_file: where the last document is kept; None keeps it in memory only.
    """

    def __init__(self, source: Callable[[], Awaitable[dict[str, Any]]], *, cache_file: Path | None = None) -> None:
        self._source = source
        self._cache_file = cache_file
        self._keys: dict[str, Any] = {}
        self._asked_at = float("-inf")
        self._fetched_at = float("-inf")
        self._answered = False
        self._lock = asyncio.Lock()
        self._passed: OrderedDict[str, _Passed] = OrderedDict()
        self._load_cached()

    async def verify(self, token: str) -> Principal:
        """Return who holds the token. One that passed is remembered until it ends or the key set is read anew.

        Raises:
            InvalidToken: it does not count.
            Unavailable: its key is not known and identity can't be asked.
        """
        passed = self._passed.get(token)
        key_id = passed.key_id if passed else _key_id(token)
        key = await self._key(key_id)
        if passed and passed.key is key and passed.principal.expires_at > time.time():
            return passed.principal
        self._passed.pop(token, None)
        principal = verify_with(key, token)
        self._passed[token] = _Passed(key_id, key, principal)
        if len(self._passed) > _REMEMBERED:
            self._passed.popitem(last=False)
        return principal

    async def _key(self, key_id: str) -> Any:
        if self._is_due(key_id):
            async with self._lock:
                if self._is_due(key_id):
                    await self._fetch()
        if key_id in self._keys:
            return self._keys[key_id]
        if not self._answered:
            raise Unavailable("Tokens cannot be verified right now.")
        raise InvalidToken

    def _is_due(self, key_id: str) -> bool:
        """Tell whether to ask identity; an unknown key is worth it every 30 s, or every second while nobody answers."""
        now = asyncio.get_running_loop().time()
        if key_id in self._keys and now - self._fetched_at <= _REFRESH_SECONDS:
            return False
        wait = _REFETCH_SECONDS if key_id in self._keys or self._answered else _RETRY_SECONDS
        return now - self._asked_at >= wait

    async def _fetch(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            document = await self._source()
            self._take(document)
        except (*_NO_KEY_SET, httpx.HTTPError, Unavailable) as error:
            self._answered = False
            log.warning("key_set_unavailable", error=type(error).__name__)
        else:
            self._answered, self._fetched_at = True, loop.time()
            self._save(document)
        # only now, so that those who wait for the answer don't take it for given
        self._asked_at = loop.time()

    def _take(self, document: dict[str, Any]) -> None:
        """Take the document's keys for the known ones. There always is one that signs: without any it is no key set."""
        keys = [entry for entry in document["keys"] if entry.get("alg", ALGORITHM) == ALGORITHM]
        if not keys:
            raise ValueError("no keys")
        self._keys = {entry["kid"]: jwt.PyJWK(entry, ALGORITHM).key for entry in keys}

    def _load_cached(self) -> None:
        if self._cache_file is not None and self._cache_file.exists():
            with contextlib.suppress(*_NO_KEY_SET):
                self._take(orjson.loads(self._cache_file.read_bytes()))

    def _save(self, document: dict[str, Any]) -> None:
        if self._cache_file is not None:
            keep(self._cache_file, orjson.dumps(document))


def _key_id(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise InvalidToken from error
    if (
        header.get("typ", "").lower() != TYPE
        or header.get("alg") != ALGORITHM
        or not isinstance(header.get("kid"), str)
    ):
        raise InvalidToken
    return str(header["kid"])


def verify_with(key: Any, token: str) -> Principal:
    """Return who holds the token, whose signature must be of ``key``.

    Raises:
        InvalidToken: it does not count.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _CLAIMS, "verify_iat": False},
        )
        # the maker's clock may be ahead of ours, and a token is used the moment it is made
        if claims["role"] not in _ROLES or claims["iat"] > time.time() + _AHEAD_SECONDS:
            raise InvalidToken
        return Principal(
            id=UUID(claims["sub"]),
            role=claims["role"],
            email=str(claims.get("email", "")),
            name=str(claims.get("name", "")),
            version=int(claims["ver"]),
            expires_at=int(claims["exp"]),
            token=token,
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise InvalidToken from error
