"""From a token or a session cookie to the account behind it."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from shopsite_authz.errors import Revoked, SessionEnded
from shopsite_authz.revocations import Revocations
from shopsite_common.errors import Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.tokens import Principal

EXCHANGE_PATH = "/internal/sessions/exchange/"
_TOKENS = 20_000
_SESSIONS = 2_000
_LONGEST_COOKIE = 512
_FRESH_SECONDS = 3.0
_STALE_SECONDS = 60.0
_OK = 200
_STRANGERS = {"invalid_service_token", "forbidden"}

Value = TypeVar("Value")


class Verifier(Protocol):
    """What verifies a token; ``shopsite_common.tokens.KeySet`` does."""

    async def verify(self, token: str) -> Principal:
        """Return who holds the token, or raise ``InvalidToken``."""
        ...


class Tokens:
    """Verifies access tokens, and remembers those that passed until they end or are revoked.

    Args:
        keys: checks signature and claims.
        revocations: asked each time, also about a token that is remembered.
        clock: Unix time.
    """

    def __init__(self, keys: Verifier, revocations: Revocations, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._passed: OrderedDict[str, Principal] = OrderedDict()

    async def holder_of(self, token: str) -> Principal:
        """Return whose token it is.

        Raises:
            InvalidToken, Revoked: it does not count.
            Unavailable: nobody can tell right now.
        """
        principal = self._passed.get(token)
        if principal is None or principal.expires_at <= self._clock():
            self._passed.pop(token, None)
            principal = await self._keys.verify(token)
            self._passed[token] = principal
            if len(self._passed) > _TOKENS:
                self._passed.popitem(last=False)
        if self._revocations.cover(principal):
            self._passed.pop(token, None)
            raise Revoked
        return principal


@dataclass(frozen=True)
class Session:
    """A living session: whose, and the token that its unsafe requests must bear."""

    principal: Principal
    csrf_token: str
    asked_at: float

    def admits(self, csrf_token: str) -> bool:
        """Tell whether this is the session's own token."""
        return secrets.compare_digest(self.csrf_token.encode(), csrf_token.encode())


class Sessions:
    """Exchanges session cookies for short access tokens at identity, which alone knows the sessions.

    An answer is taken for fresh for three seconds, so that a page's many requests ask once and a sign-out seen by
    another process counts soon; while identity is down, for a minute.

    Args:
        identity: the client to ask with.
        tokens: verifies what identity gives, like any other token.
        clock: seconds that only grow.
    """

    def __init__(self, identity: HttpClient, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._identity = identity
        self._tokens = tokens
        self._clock = clock
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._ending: OrderedDict[str, float] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Session]] = {}

    async def session_of(self, cookie: str) -> Session:
        """Return the session that the cookie names.

        Raises:
            SessionEnded, Revoked: there is none any more.
            Unavailable: identity can't be asked, and was not asked lately.
        """
        known = self._known.get(cookie)
        if known is not None and self._age(known) < _FRESH_SECONDS:
            await self._tokens.holder_of(known.principal.token)
            return known
        try:
            return await self._ask_once(cookie)
        except Unavailable:
            if known is None or self._age(known) >= _STALE_SECONDS:
                raise
            await self._tokens.holder_of(known.principal.token)
            return known

    def end(self, cookie: str) -> None:
        """Forget the session: it is being signed out, and for a minute identity is asked each time."""
        self._known.pop(cookie, None)
        _keep(self._ending, cookie, self._clock() + _STALE_SECONDS)

    async def _ask_once(self, cookie: str) -> Session:
        task = self._asking.get(cookie)
        if task is None:
            task = asyncio.create_task(self._ask(cookie))
            self._asking[cookie] = task
            task.add_done_callback(lambda _: self._asking.pop(cookie, None))
        return await asyncio.shield(task)

    async def _ask(self, cookie: str) -> Session:
        if len(cookie) > _LONGEST_COOKIE:
            raise SessionEnded
        answer = await self._identity.request("POST", EXCHANGE_PATH, json={"session": cookie}, repeatable=True)
        given = answer.json()
        if answer.status_code != _OK:
            if given.get("code") in _STRANGERS:
                raise Unavailable("Sessions cannot be verified right now.")  # of the session that says nothing
            self._known.pop(cookie, None)
            raise SessionEnded
        principal = await self._tokens.holder_of(given["access"])
        session = Session(principal, given["csrf_token"], self._clock())
        if self._ending.get(cookie, 0.0) <= self._clock():
            _keep(self._known, cookie, session)
        return session

    def _age(self, session: Session) -> float:
        return self._clock() - session.asked_at


def _keep(entries: OrderedDict[str, Value], key: str, value: Value) -> None:
    entries[key] = value
    entries.move_to_end(key)
    if len(entries) > _SESSIONS:
        entries.popitem(last=False)
