"""Makes access tokens, with the key that the database says signs now."""

import asyncio
from datetime import timedelta
from typing import Any

from shopsite_common.clock import utcnow
from shopsite_common.db import Database
from shopsite_identity.clients.keyring import Keyring, NewKey
from shopsite_identity.clients.signer import Holder, SigningPair, sign_access_token
from shopsite_identity.service import keys

_KNOWN_FOR = timedelta(seconds=15)
SESSION_TOKEN_TERM = timedelta(seconds=60)


def last_token_term(access_token_term: timedelta) -> timedelta:
    """Return for how long after its retirement a key's last token may live: the process that signs may learn late."""
    return access_token_term + _KNOWN_FOR + timedelta(minutes=1)


class Issuer:
    """Signs access tokens; the first key of a new shop is made when it is first needed.

    Args:
        term: how long a token counts.
    """

    def __init__(self, db: Database, keyring: Keyring, *, term: timedelta) -> None:
        self._db = db
        self._keyring = keyring
        self._term = term
        self._pair: SigningPair | None = None
        self._known_until = float("-inf")
        self._lock = asyncio.Lock()

    async def access_token(self, account: Any, *, term: timedelta | None = None) -> str:
        """Return a token for an account.

        Raises:
            SigningKeyUnreadable: the key in the database is of another ``SECRET_KEY``.
        """
        holder = Holder(account.id, account.role, account.email, account.first_name, account.session_epoch)
        return sign_access_token(await self._key(), holder, now=utcnow(), term=term or self._term)

    async def public_keys(self) -> list[dict[str, Any]]:
        """Return what the key set shows: there always is a key that signs."""
        await self._key()
        return await self._db.run(keys.list_public_keys, last_token_term=last_token_term(self._term), now=utcnow())

    async def _key(self) -> SigningPair:
        loop = asyncio.get_running_loop()
        async with self._lock:
            if self._pair is None or loop.time() >= self._known_until:
                stored = await self._db.run(keys.find_signing_key) or await self._make_first_key()
                if self._pair is None or self._pair.id != stored.id:
                    private = await asyncio.to_thread(self._keyring.open_key, stored.private_encrypted)
                    self._pair = SigningPair(stored.id, private)
                self._known_until = loop.time() + _KNOWN_FOR.total_seconds()
            return self._pair

    async def _make_first_key(self) -> keys.StoredKey:
        new = await asyncio.to_thread(NewKey, self._keyring)
        return await self._db.run(keys.install_first_key, new=new, now=utcnow())
