"""Passwords and keys: generated once, kept in the data folder, never in the repository."""

import fcntl
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from shopsite_common.service_keys import make_pair, write_private
from shopsite_local.layout import make_private_folder, secrets_of


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Holds an exclusive lock on a file; others wait for it."""
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def secret(home: Path, name: str, *, prefix: str = "") -> str:
    """The secret of this name, made at the first call."""
    folder = make_private_folder(secrets_of(home))
    path = folder / name
    with locked(folder / ".lock"):
        if not path.exists():
            write_private(path, (prefix + secrets.token_hex(24)).encode())
        return path.read_text(encoding="utf-8")


def service_keys(home: Path, names: tuple[str, ...]) -> tuple[Path, Path]:
    """Ed25519 pairs of the callers; returns the folders of the private and the public halves, `<name>.pem` each."""
    private, public = (make_private_folder(secrets_of(home) / half) for half in ("private", "public"))
    with locked(secrets_of(home) / ".lock"):
        for name in names:
            make_pair(private / f"{name}.pem", public / f"{name}.pem")
    return private, public
