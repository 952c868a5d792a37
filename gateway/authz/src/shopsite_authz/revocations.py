"""Which access tokens no longer count, pulled from identity every few seconds and kept on disk over a restart."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson

from shopsite_common.errors import ShopError, Unavailable
from shopsite_common.http_client import HttpClient
from shopsite_common.logs import get_logger
from shopsite_common.state_files import keep
from shopsite_common.tokens import Principal

log = get_logger(__name__)

PATH = "/internal/revocations/"
EVERY = timedelta(seconds=3)


class Revocations:
    """The lowest session epoch that still counts, of each account whose epoch rose lately.

    While identity does not answer, what was known last holds on: nobody is let in again, and nobody locked out.

    Args:
        identity: the client to ask with.
        file: where the last answer is kept; None keeps it in memory only.
        every: how often to ask.
    """

    def __init__(
        self, identity: HttpClient, *, file: Path | None = None, every: timedelta = timedelta(seconds=3)
    ) -> None:
        self._identity = identity
        self._file = file
        self._every = every.total_seconds()
        self._lowest: dict[UUID, int] = {}
        self.known = False
        self._load()

    def cover(self, principal: Principal) -> bool:
        """Tell whether the token that the principal came with is revoked."""
        lowest = self._lowest.get(principal.id)
        return lowest is not None and principal.version < lowest

    async def follow(self) -> None:
        """Pull for ever."""
        while True:
            try:
                await self.pull()
            except ShopError as error:
                log.warning("revocations_unavailable", error=error.code)
            await asyncio.sleep(self._every)

    async def pull(self) -> None:
        """Ask identity once.

        Raises:
            Unavailable: identity does not answer, or not with revocations.
        """
        answer = await self._identity.request("GET", PATH)
        try:
            lowest = _read(answer.content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(f"identity answered {answer.status_code} without revocations.") from error
        changed, self._lowest, self.known = lowest != self._lowest, lowest, True
        if changed or (self._file is not None and not self._file.exists()):
            self._save()

    def _load(self) -> None:
        if self._file is not None and self._file.exists():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                self._lowest, self.known = _read(self._file.read_bytes()), True

    def _save(self) -> None:
        if self._file is not None:
            lowest = {str(key): value for key, value in self._lowest.items()}
            keep(self._file, orjson.dumps({"revocations": lowest}))


def _read(raw: bytes) -> dict[UUID, int]:
    return {UUID(key): int(value) for key, value in orjson.loads(raw)["revocations"].items()}
