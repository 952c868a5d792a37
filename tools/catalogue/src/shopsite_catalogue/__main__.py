"""``python -m shopsite_catalogue write|check``: write the documents, or name those that are stale."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shopsite_catalogue import asyncapi, endpoints, events, http_file, postman, settings

ROOT = Path(__file__).parents[4]
DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "docs/api/openapi.json": endpoints.openapi_json,
    "docs/api/endpoints.md": endpoints.markdown,
    "docs/api/shopsite.postman_collection.json": postman.postman_json,
    "docs/api/shopsite.http": http_file.text,
    "docs/api/asyncapi.yaml": asyncapi.yaml_text,
    "docs/api/events.md": events.markdown,
    "docs/settings.md": settings.markdown,
}


def write(root: Path = ROOT) -> None:
    """Write every document."""
    for name, text in DOCUMENTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(), encoding="utf-8")


def stale(root: Path = ROOT) -> list[str]:
    """Return the names of the documents that are missing or say something else than the code."""
    return [
        name
        for name, text in DOCUMENTS.items()
        if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text()
    ]


def main(arguments: Sequence[str]) -> str | None:
    """Do what the command line says; return the complaint with which the process ends, if there is one."""
    if list(arguments) == ["write"]:
        write()
        return None
    if list(arguments) == ["check"]:
        found = stale()
        return f"not as the code has them: {', '.join(found)}; run `make docs`" if found else None
    return "usage: python -m shopsite_catalogue write|check"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
