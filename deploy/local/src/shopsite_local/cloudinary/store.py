"""Pictures on disk by their content, and a list of them in SQLite: what was answered survives a kill."""

import os
import sqlite3
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS assets (
  public_id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, version INTEGER NOT NULL, format TEXT NOT NULL,
  width INTEGER NOT NULL, height INTEGER NOT NULL, bytes INTEGER NOT NULL, etag TEXT NOT NULL, tags TEXT NOT NULL,
  folder TEXT NOT NULL, original_filename TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS assets_etag ON assets (etag);
"""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A stored picture; `etag` is the MD5 of its bytes."""

    public_id: str
    asset_id: str
    version: int
    format: str
    width: int
    height: int
    bytes: int
    etag: str
    tags: str
    folder: str
    original_filename: str
    created_at: str


NAMES = [each.name for each in fields(Asset)]


class Store:
    """The pictures of one cloud; of one event loop."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "pictures"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(state_dir / "cloudinary.sqlite3", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Closes the list."""
        self._db.close()

    def path(self, asset: Asset) -> Path:
        """Returns where the bytes of a picture are."""
        return self._folder / asset.etag

    def put(self, asset: Asset, content: bytes) -> None:
        """Keeps a picture under its public id, in place of an older one."""
        older = self.find(asset.public_id)
        self._write(self.path(asset), content)
        names, marks = ", ".join(NAMES), ", ".join(f":{name}" for name in NAMES)
        self._db.execute(f"INSERT OR REPLACE INTO assets ({names}) VALUES ({marks})", asdict(asset))  # noqa: S608
        if older:
            self._forget_unused(older)

    def _write(self, path: Path, content: bytes) -> None:
        """A file under its final name is whole: it is renamed only when written."""
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)

    def find(self, public_id: str) -> Asset | None:
        """Returns the picture of a public id."""
        row = self._db.execute("SELECT * FROM assets WHERE public_id = ?", (public_id,)).fetchone()
        return Asset(**{name: row[name] for name in NAMES}) if row else None

    def remove(self, public_id: str) -> bool:
        """Deletes a picture; False when there was none."""
        asset = self.find(public_id)
        if not asset:
            return False
        self._db.execute("DELETE FROM assets WHERE public_id = ?", (public_id,))
        self._forget_unused(asset)
        return True

    def _forget_unused(self, asset: Asset) -> None:
        used = self._db.execute("SELECT 1 FROM assets WHERE etag = ?", (asset.etag,)).fetchone()
        if not used:
            self.path(asset).unlink(missing_ok=True)

    def list(self) -> list[Asset]:
        """Returns all pictures, the newest version first."""
        rows = self._db.execute("SELECT * FROM assets ORDER BY version DESC, public_id")
        return [Asset(**{name: row[name] for name in NAMES}) for row in rows]

    def empty(self) -> None:
        """Deletes all pictures."""
        for asset in self.list():
            self.remove(asset.public_id)
