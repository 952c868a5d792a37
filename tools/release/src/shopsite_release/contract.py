"""What a service promises: its API, its events and its schema, as the code has it and as each release had it.

A release leaves its contract in ``contracts/<service>/<version>/``; the newest there is what main is compared with.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from shopsite_common.events import ANY_SERVICE, CONTRACTS, EventData
from shopsite_common.migrations import migrations_dir
from shopsite_release.parts import ROOT, SERVICES, Part, ReleaseError, numbers

Json = dict[str, Any]
FOLDER = ROOT / "contracts"


@dataclass(frozen=True)
class Contract:
    """One version of a service's promises.

    Attributes:
        api: its OpenAPI document.
        publishes: the JSON Schema of what it writes into each event, by ``orders.OrderCreated.v1``.
        consumes: the JSON Schema of what it must find in each event that it reads.
        revisions: the SHA-256 of each of its schema's revisions, by file name.
    """

    service: str
    version: str
    api: Json
    publishes: dict[str, Json]
    consumes: dict[str, Json]
    revisions: dict[str, str]

    def __str__(self) -> str:
        """Name it as people do: ``orders 1.3.0``."""
        return f"{self.service} {self.version}"

    def as_version(self, version: str) -> "Contract":
        """Return it under the number of the release that it becomes."""
        info = {**self.api["info"], "version": version}
        return replace(self, version=version, api={**self.api, "info": info})

    def write(self, folder: Path = FOLDER) -> Path:
        """Write it to where a release's contract lies; return that folder."""
        place = folder / self.service / self.version
        place.mkdir(parents=True, exist_ok=True)
        for name in ("api", "publishes", "consumes", "revisions"):
            content = orjson.dumps(getattr(self, name), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
            (place / f"{name}.json").write_bytes(content + b"\n")
        return place


def of_code(part: Part) -> Contract:
    """Return what the code of this checkout promises; no server is asked for anything."""
    package = f"shopsite_{part.name}"
    written = (event for event in CONTRACTS.values() if event.producer in {part.name, ANY_SERVICE})
    read = (event for handler in import_module(f"{package}.consumers").HANDLERS for event in handler.events)
    return Contract(
        service=part.name,
        version="main",
        api=_api(package),
        publishes=_schemas(written, "serialization"),
        consumes=_schemas(read, "validation"),
        revisions={
            path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(migrations_dir(package).glob("*.py"))
        },
    )


def _api(package: str) -> Json:
    # the application opens no connection before it serves, but wants to know where it would
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@localhost/nothing"}
    command = [sys.executable, "-m", package, "openapi"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)}: {done.stderr.decode()}")
    document: Json = orjson.loads(done.stdout)
    return document


def _schemas(events: Iterable[type[EventData]], mode: Any) -> dict[str, Json]:
    return {event.binding_key(): event.model_json_schema(mode=mode) for event in events}


def released(service: str, folder: Path = FOLDER) -> Contract | None:
    """Return the newest release's contract, or nothing before the first release."""
    versions = [path.name for path in (folder / service).glob("*.*.*")]
    if not versions:
        return None
    newest = max(versions, key=numbers)
    place = folder / service / newest
    names = ("api", "publishes", "consumes", "revisions")
    return Contract(service, newest, *(orjson.loads((place / f"{name}.json").read_bytes()) for name in names))


def released_neighbours(service: str, folder: Path = FOLDER) -> list[Contract]:
    """Return what the other services' newest releases promise."""
    return [found for other in SERVICES if other != service and (found := released(other, folder))]
