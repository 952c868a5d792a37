"""From the services' OpenAPI documents to one. Pure: documents in, document out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shopsite_portal.linking import add_links

Document = dict[str, Any]

_REF = "#/components/schemas/"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}}
_OPERATIONS = ("get", "put", "post", "delete", "patch", "head", "options")
# Where the gateway looks at no credential; everywhere else a bad one is 401, also on reads that need none.
_CREDENTIALS_IGNORED = (
    "/api/signup/",
    "/api/token/",
    "/api/password/forgot/",
    "/api/password/reset/",
    "/api/payment/webhook/",
    "/api/payment/callback/",
    "/api/health/",
    "/api/schema/",
    "/.well-known/",
)
# Beside a token the gateway takes the session of staff and admins, and with it the CSRF token where something changes.
_SESSION_SCHEMES = {
    "adminSession": {
        "type": "apiKey",
        "in": "cookie",
        "name": "shopsite_session",
        "description": "The cookie of POST /api/admin/session/, for staff and admins",
    },
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "The `csrf_token` of the session, on every method but GET",
    },
}
_FROM_GATEWAY = {
    "429": "A quota is used up; come back after `Retry-After` seconds.",
    "502": "The service behind does not run.",
    "503": "Something that this answer needs is down; try again after `Retry-After`.",
    "504": "The service behind took too long.",
}


def merge(documents: Mapping[str, Document], *, title: str, version: str, description: str) -> Document:
    """Return one document with the public paths of all.

    A schema name that two services use for different things becomes two names, each with its service before it.

    Args:
        documents: OpenAPI 3.1 documents by service.
        title: of the whole.
        version: of the whole.
        description: of the whole, in Markdown.
    """
    clashes = _clashing_names(documents)
    merged: Document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": "/", "description": "This shop"}],
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": dict(_SESSION_SCHEMES)},
    }
    for service, document in documents.items():
        renamed = {name: f"{service.title()}{name}" for name in clashes & set(_schemas(document))}
        _add(merged, _with_new_names(document, renamed))
    merged["paths"] = {path: _from_outside(path, entry) for path, entry in sorted(merged["paths"].items())}
    add_links(merged)
    merged["tags"] = [{"name": name} for name in sorted(_tags_of(merged))]
    return merged


def _schemas(document: Document) -> dict[str, Any]:
    schemas: dict[str, Any] = document.get("components", {}).get("schemas", {})
    return schemas


def _clashing_names(documents: Mapping[str, Document]) -> set[str]:
    meanings: dict[str, set[str]] = {}
    for document in documents.values():
        schemas = _schemas(document)
        for name in schemas:
            meanings.setdefault(name, set()).add(_meaning(name, schemas))
    return {name for name, found in meanings.items() if len(found) > 1}


def _meaning(name: str, schemas: Mapping[str, Any]) -> str:
    """Return a text that two schemas share only if they and all that they refer to are the same."""
    reached: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached[current] = schemas.get(current)
            waiting += _references(reached[current])
    return json.dumps(reached, sort_keys=True)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str) and target.startswith(_REF):
            yield target.removeprefix(_REF)
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _references(child)


def _with_new_names(document: Document, renamed: Mapping[str, str]) -> Document:
    def rewritten(node: Any) -> Any:
        if isinstance(node, list):
            return [rewritten(child) for child in node]
        if not isinstance(node, dict):
            return renamed_target(node)
        return {key: rewritten(child) for key, child in node.items()}

    def renamed_target(text: Any) -> Any:
        name = text.removeprefix(_REF) if isinstance(text, str) and text.startswith(_REF) else ""
        return f"{_REF}{renamed[name]}" if name in renamed else text

    result: Document = rewritten(document)
    schemas = {renamed.get(name, name): schema for name, schema in _schemas(result).items()}
    return {**result, "components": {**result.get("components", {}), "schemas": schemas}}


def _add(merged: Document, document: Document) -> None:
    for path, entry in document.get("paths", {}).items():
        if path.startswith(("/api/", "/.well-known/")):
            merged["paths"].setdefault(path, {}).update(entry)
    for kind, entries in document.get("components", {}).items():
        merged["components"].setdefault(kind, {}).update(entries)


def _from_outside(path: str, entry: Document) -> Document:
    """Return the path's operations with what the gateway may answer in the service's place."""
    return {key: _guarded(path, key, value) if key in _OPERATIONS else value for key, value in entry.items()}


def _guarded(path: str, method: str, operation: Document) -> Document:
    answers = dict(_FROM_GATEWAY)
    if "requestBody" in operation:
        answers["413"] = "The body is too large."
    if not path.startswith(_CREDENTIALS_IGNORED):
        answers["401"] = "The credential is missing, or does not count."
    added = {status: {"description": text, "content": _PROBLEM} for status, text in answers.items()}
    responses = {**added, **operation.get("responses", {})}
    return {**operation, **_by_session_too(method, operation), "responses": dict(sorted(responses.items()))}


def _by_session_too(method: str, operation: Document) -> Document:
    if not operation.get("security"):
        return {}
    needed = ("adminSession",) if method in {"get", "head"} else ("adminSession", "csrfToken")
    return {"security": [*operation["security"], {scheme: [] for scheme in needed}]}


def _tags_of(document: Document) -> set[str]:
    operations = (entry[key] for entry in document["paths"].values() for key in _OPERATIONS if key in entry)
    return {tag for operation in operations for tag in operation.get("tags", [])}
