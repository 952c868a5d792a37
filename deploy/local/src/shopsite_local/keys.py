"""Passwords and keys: generated once, kept in the data folder, never in the repository."""

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shopsite_local.layout import make_private_folder, secrets_of


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Holds an exclusive lock on a file; others wait for it."""
    with path.open("w", encoding="utf-8") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_private(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
    fresh.replace(path)


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
            if not (public / f"{name}.pem").exists():
                _write_pair(private / f"{name}.pem", public / f"{name}.pem")
    return private, public


def _write_pair(private: Path, public: Path) -> None:
    """The public half last: where it is, the private one is too."""
    key = Ed25519PrivateKey.generate()
    write_private(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
