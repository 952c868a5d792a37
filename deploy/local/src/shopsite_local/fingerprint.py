"""Whether a shop's data was set up by the code that now starts: if so, migrating and seeding can be left out.

Six migrations, the first admin and the sample catalog cost ten seconds of two cores; a second `make up` with nothing
changed does without.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from shopsite_common.service_keys import write_private
from shopsite_local.checkouts import checkout_of
from shopsite_local.layout import ROOT, SERVICES, Instance
from shopsite_local.settings import Settings

FOLDERS = ("services", "libs")
ENDINGS = frozenset({".py", ".json", ".toml", ".sql", ".ini"})
SET_UP_BY = ("SHOPSITE_ADMIN_EMAIL", "SHOPSITE_ADMIN_PASSWORD")


def is_new(instance: Instance, settings: Settings) -> bool:
    """Whether code or settings differ from those of the last complete start, or the data is not ours to know."""
    if settings.has("DATABASE_URL") or settings.has("AMQP_URL"):
        return True
    stamp = _stamp(instance)
    return not stamp.exists() or stamp.read_text(encoding="utf-8") != _fingerprint(settings)


def remember(instance: Instance, settings: Settings) -> None:
    """Notes that the data is set up for the code as it stands."""
    write_private(_stamp(instance), _fingerprint(settings).encode())


def _stamp(instance: Instance) -> Path:
    """Beside the servers' data: whoever removes that removes this."""
    return instance.home / "servers" / "set-up"


def _fingerprint(settings: Settings) -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    for name in SET_UP_BY:
        digest.update(f"{name}={settings[name]}\0".encode())
    for service in SERVICES:
        digest.update(f"{checkout_of(service)}\0".encode())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    """Of every service and the common library; their tests change no data."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in ENDINGS and "tests" not in path.parts and path.is_file():
                yield path
