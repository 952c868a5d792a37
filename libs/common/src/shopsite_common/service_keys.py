"""Making the keys of service tokens: `python -m shopsite_common.service_keys FOLDER NAME…`.

For each name it makes ``FOLDER/NAME/service.pem``, for that service alone, and ``FOLDER/public/NAME.pem``, for all that
it may call. Pairs that are there stay as they are; to replace one, delete both halves first.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
    fresh.replace(path)


def make_pair(private: Path, public: Path) -> bool:
    """Make an Ed25519 pair unless it is there; the public half last: where it is, the private one is, too."""
    if public.exists():
        return False
    key = Ed25519PrivateKey.generate()
    write_private(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return True


def main(arguments: Sequence[str]) -> int:
    """Make what is missing, and say what was made."""
    if len(arguments) < 2:  # noqa: PLR2004 - a folder and a name
        sys.exit("usage: python -m shopsite_common.service_keys FOLDER NAME…")
    folder = Path(arguments[0])
    for name in arguments[1:]:
        for place in (folder / name, folder / "public"):
            place.mkdir(parents=True, exist_ok=True)
        if make_pair(folder / name / "service.pem", folder / "public" / f"{name}.pem"):
            print(f"made the key of {name}")  # noqa: T201 - a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
