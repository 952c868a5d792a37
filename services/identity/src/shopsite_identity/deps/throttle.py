"""The limits on signing in and its like."""

from dataclasses import dataclass, replace

from shopsite_common.rate_limit import Decision, Limiter, Quota, too_many
from shopsite_identity.clients.keyring import Keyring

_WINDOW = 15 * 60

SIGN_IN = Quota("sign-in", 30, _WINDOW)
SIGN_UP = Quota("sign-up", 30, _WINDOW)
REFRESH = Quota("refresh", 30, _WINDOW)
FORGOT = Quota("forgot", 30, _WINDOW)
RESET = Quota("reset", 30, _WINDOW)
_FAILURES = Quota("sign-in-failures", 10, _WINDOW)
_MAILS = Quota("forgot-mails", 5, 3600)


@dataclass(frozen=True)
class Attempt:
    """A try to prove a password, counted as a failure until it succeeds."""

    bucket: str


class Throttle:
    """Counts tries by client address and by account. The counters' names tell nothing about whose they are.

    Args:
        switched_on: False lets everything through.
    """

    def __init__(self, limiter: Limiter, keyring: Keyring, *, switched_on: bool = True) -> None:
        self._limiter = limiter
        self._keyring = keyring
        self._switched_on = switched_on

    async def admit(self, quota: Quota, address: str) -> None:
        """Count a call from an address.

        Raises:
            TooManyRequests: it was one too many.
        """
        _refuse_unless(await self._record(self._keyring.bucket("address", address), quota))

    async def begin_attempt(self, email: str, address: str, *, known: bool) -> Attempt:
        """Count a try for an account before the password is looked at, so that many at once are no way around.

        Tries from an address that has signed in to the account before have a count of their own: what strangers do
        locks nobody out of where they always sign in.

        Raises:
            TooManyRequests: ten have failed.
        """
        return await self._begin(self._keyring.bucket("account", email, *([address] if known else [])))

    async def begin_change(self, email: str) -> Attempt:
        """Count a try to name an account's current password, wherever it comes from: who tries is signed in already.

        Raises:
            TooManyRequests: ten have failed.
        """
        return await self._begin(self._keyring.bucket("change", email))

    async def end_attempt(self, attempt: Attempt) -> None:
        """The password was right: begin to count anew."""
        await self._limiter.forget(attempt.bucket, _FAILURES)

    async def may_mail_link(self, email: str) -> bool:
        """Count a link for a new password, and tell whether it may be sent."""
        return (await self._record(self._keyring.bucket("mail", email), _MAILS)).allowed

    async def _begin(self, bucket: str) -> Attempt:
        _refuse_unless(await self._record(bucket, _FAILURES))
        return Attempt(bucket)

    async def _record(self, bucket: str, quota: Quota) -> Decision:
        return await self._limiter.record(bucket, quota if self._switched_on else replace(quota, limit=0))


def _refuse_unless(decision: Decision) -> None:
    if not decision.allowed:
        raise too_many(decision)
