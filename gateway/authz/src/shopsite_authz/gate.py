"""The decision on one request: who asks, is that session's request its own, is there quota left."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopsite_authz.credentials import Sessions, Tokens
from shopsite_authz.errors import CsrfFailed, NoCredential
from shopsite_authz.settings import Settings
from shopsite_common.errors import NotAuthenticated
from shopsite_common.rate_limit import ClientAddress, Limiter, headers, too_many
from shopsite_common.tokens import InvalidToken, Principal

SESSION_COOKIE = "shopsite_session"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SIGN_OUT_PATH = "/api/admin/session"
# Traefik calls itself on the way here, which leaves its own address at the end of the chain.
_OWN_HOPS = 1


@dataclass(frozen=True)
class Asked:
    """What the gateway tells of the request under check; header names in lower case, empty if absent."""

    fields: Mapping[str, str]

    @property
    def method(self) -> str:
        """The request's method."""
        return self.fields.get("x-forwarded-method", "GET")

    @property
    def path(self) -> str:
        """The request's path, without its last slash and query."""
        return self.fields.get("x-forwarded-uri", "").partition("?")[0].rstrip("/")

    @property
    def session_cookie(self) -> str:
        """The session's cookie."""
        raw = self.fields.get("cookie", "")
        if SESSION_COOKIE not in raw:
            return ""
        pairs = (pair.strip().partition("=") for pair in raw.split(";"))
        return next((value for name, _, value in pairs if name == SESSION_COOKIE), "")


class Gate:
    """Decides on requests.

    Args:
        settings: the tiers and the trusted proxies.
        tokens: verifies access tokens.
        sessions: exchanges session cookies.
        limiter: keeps the quotas.
    """

    def __init__(self, settings: Settings, *, tokens: Tokens, sessions: Sessions, limiter: Limiter) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._limiter = limiter
        self._addresses = ClientAddress(settings.trusted_proxies)
        self._anonymous = settings.anonymous
        self._tiers = settings.tiers

    async def admit_anonymous(self, asked: Asked) -> dict[str, str]:
        """Take from the quota of the client's address, whatever credentials the request bears.

        Returns:
            The header fields that tell of the quota.

        Raises:
            TooManyRequests: it is used up.
        """
        address = self._addresses.of(asked.fields.get("x-forwarded-for", ""), own_hops=_OWN_HOPS)
        decision = await self._limiter.take(address, self._anonymous)
        if not decision.allowed:
            raise too_many(decision)
        return headers(decision)

    async def admit(self, asked: Asked) -> dict[str, str]:
        """Find out who asks and take from their account's quota; a stranger's tries count for their address.

        Returns:
            The header fields for the service: the access token, and those that tell of the quota.

        Raises:
            NotAuthenticated, CsrfFailed, TooManyRequests, Unavailable
        """
        try:
            principal, own = await self._principal_of(asked)
        except NotAuthenticated as error:
            error.headers.update(await self.admit_anonymous(asked))
            raise
        fields = await self._take(principal)
        if not own:
            raise CsrfFailed(headers=fields)
        return {"Authorization": f"Bearer {principal.token}", **fields}

    async def _take(self, principal: Principal) -> dict[str, str]:
        decision = await self._limiter.take(str(principal.id), self._tiers[principal.role])
        if not decision.allowed:
            raise too_many(decision)
        return headers(decision)

    async def _principal_of(self, asked: Asked) -> tuple[Principal, bool]:
        """Return who asks, and whether the request is their own doing (a header can't be sent by another site)."""
        if authorization := asked.fields.get("authorization", ""):
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise InvalidToken
            return await self._tokens.holder_of(token.strip()), True
        if cookie := asked.session_cookie:
            return await self._principal_of_session(asked, cookie)
        raise NoCredential

    async def _principal_of_session(self, asked: Asked, cookie: str) -> tuple[Principal, bool]:
        session = await self._sessions.session_of(cookie)
        own = asked.method in _SAFE_METHODS or session.admits(asked.fields.get("x-csrf-token", ""))
        if own and asked.method == "DELETE" and asked.path == _SIGN_OUT_PATH:
            self._sessions.end(cookie)
        return session.principal, own
