"""The place of pictures: Cloudinary through its SDK."""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import cloudinary.exceptions
import cloudinary.uploader
from urllib3 import Timeout

from shopsite_catalog.errors import NotAPicture
from shopsite_common.errors import Unavailable
from shopsite_common.logs import get_logger

log = get_logger(__name__)

_THREADS = 4
_CONNECT_SECONDS = 2.0


@dataclass(frozen=True)
class StoredPicture:
    """Where a picture is, and its size in pixels."""

    url: str
    width: int
    height: int


class PictureStore(Protocol):
    """What catalog needs of a place for pictures."""

    async def upload(self, public_id: str, data: bytes) -> StoredPicture:
        """Store a picture under an id that the caller chose; again under the same id replaces it.

        Raises:
            NotAPicture: the store can't read it.
            Unavailable: it can't be stored now; perhaps it was all the same.
        """
        ...

    async def destroy(self, public_id: str) -> None:
        """Remove a picture; one that isn't there is no error.

        Raises:
            Unavailable: it can't be removed now.
        """
        ...


def account_of(url: str) -> dict[str, Any]:
    """Return what the SDK needs on each call, from ``cloudinary://KEY:SECRET@CLOUD?upload_prefix=…``.

    The SDK's own reading of this URL gives way to other variables of the environment and happens at import.
    """
    parts = urlsplit(url)
    if parts.scheme != "cloudinary" or not parts.hostname or not parts.username or not parts.password:
        raise ValueError("CLOUDINARY_URL has the form cloudinary://KEY:SECRET@CLOUD")
    cloud = parts.netloc.rpartition("@")[2]
    given = {name: value for name, value in parse_qsl(parts.query) if name == "upload_prefix"}
    return {
        "cloud_name": cloud,
        "api_key": unquote(parts.username),
        "api_secret": unquote(parts.password),
        **given,
    }


class CloudinaryStore:
    """Cloudinary. Its SDK blocks, so calls go to a few threads of their own.

    Args:
        url: the account; without one every call says that it is not available.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._account = account_of(url) if url else None
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cloudinary")

    async def upload(self, public_id: str, data: bytes) -> StoredPicture:
        """See ``PictureStore``. The bytes go as a file, never as text that Cloudinary would take for an address."""
        name = public_id.rpartition("/")[2]
        file = io.BytesIO(data)
        result = await self._call(
            cloudinary.uploader.upload, file, public_id=public_id, overwrite=True, filename=name, resource_type="image"
        )
        try:
            url = str(result.get("secure_url") or result["url"])
            return StoredPicture(url, int(result["width"]), int(result["height"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _unavailable() from error

    async def destroy(self, public_id: str) -> None:
        """See ``PictureStore``."""
        result = await self._call(cloudinary.uploader.destroy, public_id, invalidate=True)
        if result.get("result") not in {"ok", "not found"}:
            raise _unavailable()

    def close(self) -> None:
        """Let calls under way end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _call(self, function: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
        if self._account is None:
            raise _unavailable()
        timeout = Timeout(connect=_CONNECT_SECONDS, read=self._timeout)
        call = partial(function, *args, timeout=timeout, **options, **self._account)
        work = asyncio.get_running_loop().run_in_executor(self._threads, call)
        try:
            async with asyncio.timeout(self._timeout + 2 * _CONNECT_SECONDS):
                result: dict[str, Any] = await work
        except cloudinary.exceptions.BadRequest as error:
            raise NotAPicture.saying("The picture cannot be read.") from error
        except (cloudinary.exceptions.Error, OSError, TimeoutError) as error:
            log.warning("cloudinary_failed", error=type(error).__name__)
            raise _unavailable() from error
        return result


def _unavailable() -> Unavailable:
    return Unavailable("Pictures cannot be changed right now. Please try again shortly.")
