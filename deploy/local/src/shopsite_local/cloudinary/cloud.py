"""One cloud: its name and keys, its pictures, and the faults that were asked for."""

import hashlib
import secrets
import string
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shopsite_local.cloudinary import signing
from shopsite_local.cloudinary.pictures import Facts, examine
from shopsite_local.cloudinary.store import Asset, Store
from shopsite_local.faults import CallFaults, laid_over

ID_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class Options:
    """Name and keys of the cloud, and where it is seen and kept."""

    cloud_name: str
    api_key: str
    api_secret: str
    public_url: str
    state_dir: Path


class Cloud:
    """State shared by uploads, delivery and the control endpoints; of one event loop."""

    def __init__(self, options: Options, *, clock: Callable[[], float] = time.time) -> None:
        self.options = options
        self.now = clock
        self.store = Store(options.state_dir)
        # Faults are not kept over a restart: a test that died leaves none behind.
        self.faults = CallFaults()

    def change_faults(self, patch: Mapping[str, Any]) -> CallFaults:
        """Lays `patch` over the faults; null ends one. Raises `pydantic.ValidationError`."""
        wanted = laid_over(self.faults.model_dump(), patch)
        self.faults = CallFaults.model_validate(wanted)
        return self.faults

    def take(self, counter: str) -> bool:
        """Uses up one of `fail_next` or `drop_next`; False when none is left."""
        left = int(getattr(self.faults, counter))
        if left:
            self.change_faults({counter: left - 1})
        return bool(left)

    def check(self, fields: Mapping[str, str]) -> None:
        """Checks a request's signature; raises `signing.Unauthorized`."""
        signing.check(fields, key=self.options.api_key, secret=self.options.api_secret, now=self.now())

    def keep(self, content: bytes, fields: Mapping[str, str], *, filename: str) -> dict[str, Any]:
        """Stores an uploaded picture and returns Cloudinary's reply; raises `pictures.InvalidPicture`."""
        facts = examine(content)
        folder = fields.get("folder", "").strip("/")
        name = fields.get("public_id") or _random_id()
        public_id = f"{folder}/{name}" if folder else name
        older = self.store.find(public_id)
        if older and fields.get("overwrite") in {"0", "false"}:
            return {**self.described(older), "existing": True}
        asset = self._asset(public_id, content, facts, fields, older=older, filename=filename)
        self.store.put(asset, content)
        return self.described(asset) | ({"overwritten": True} if older else {})

    def _asset(
        self,
        public_id: str,
        content: bytes,
        facts: Facts,
        fields: Mapping[str, str],
        *,
        older: Asset | None,
        filename: str,
    ) -> Asset:
        now = self.now()
        return Asset(
            public_id=public_id,
            asset_id=older.asset_id if older else uuid.uuid4().hex,
            # A second upload within one second is still a newer version.
            version=max(int(now), older.version + 1 if older else 0),
            format=facts.format,
            width=facts.width,
            height=facts.height,
            bytes=len(content),
            etag=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            tags=fields.get("tags", ""),
            folder=public_id.rpartition("/")[0],
            original_filename=Path(filename).stem or "file",
            created_at=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def described(self, asset: Asset) -> dict[str, Any]:
        """Returns a picture as an upload's reply describes it."""
        url = self.url(asset)
        return {
            "asset_id": asset.asset_id,
            "public_id": asset.public_id,
            "version": asset.version,
            "version_id": hashlib.sha256(f"{asset.asset_id}{asset.version}".encode()).hexdigest()[:32],
            "signature": signing.reply_signature(asset.public_id, asset.version, self.options.api_secret),
            "width": asset.width,
            "height": asset.height,
            "format": asset.format,
            "resource_type": "image",
            "created_at": asset.created_at,
            "tags": [tag.strip() for tag in asset.tags.split(",") if tag.strip()],
            "pages": 1,
            "bytes": asset.bytes,
            "type": "upload",
            "etag": asset.etag,
            "placeholder": False,
            "url": url,
            "secure_url": url,
            "folder": asset.folder,
            "original_filename": asset.original_filename,
        }

    def url(self, asset: Asset) -> str:
        """Returns where a picture is seen."""
        name = quote(f"{asset.public_id}.{asset.format}")
        return f"{self.options.public_url}/{self.options.cloud_name}/image/upload/v{asset.version}/{name}"

    def close(self) -> None:
        """Closes the list of pictures."""
        self.store.close()


def _random_id() -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(ID_LENGTH))
