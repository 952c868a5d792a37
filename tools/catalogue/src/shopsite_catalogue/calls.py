"""Every endpoint as a call that a person can make: what the collections for clients are written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shopsite_catalogue.endpoints import merged, service_documents
from shopsite_catalogue.tables import first_sentence

# Paystack signs the one; the cookie of the other would stand beside the tokens that all calls here bear
_LEFT_OUT = {"/api/payment/webhook/", "/api/admin/session/"}
_METHODS = ("get", "post", "put", "patch", "delete")
# fields of bodies that are the same everywhere, and so are variables of a collection
_VARIABLES = {
    "email": "email",
    "password": "password",
    "confirm_password": "password",
    "current_password": "password",
    "new_password": "password",
    "refresh": "refresh",
    "product": "product_id",
    "order_id": "order_id",
}
_TOKENS: dict[str, tuple[str | int, ...]] = {"access": ("access",), "refresh": ("refresh",)}
_KEPT: dict[str, dict[str, tuple[str | int, ...]]] = {
    "get_tokens": _TOKENS,
    "refresh_tokens": _TOKENS,
    "get_own_cart": {"cart_id": ("id",)},
    "checkout": {"order_id": ("id",)},
    "pay": {"reference": ("data", "reference")},
    "list_customers": {},  # nobody shall erase the first of them by accident
}
FIRST_VALUES = {"base_url": "http://localhost:8000", "email": "ada@example.com", "password": "securepassword123"}
"""What a person may change before the first call; every other variable comes from an answer."""


@dataclass(frozen=True)
class Call:
    """One endpoint with what to send.

    ``path`` and ``body`` name variables as ``{{product_id}}``; ``keeps`` maps a variable to where the answer has it, as
    the keys that lead there: ``("results", 0, "id")``.
    """

    name: str
    title: str
    folder: str
    method: str
    path: str
    signed_in: bool
    query: tuple[tuple[str, str, bool], ...]
    takes_key: bool
    body: Any
    uploads: bool
    keeps: dict[str, tuple[str | int, ...]]


def calls() -> list[Call]:
    """Return every call, service by service, what admins do last."""
    return [
        _call(path, method, merged()["paths"][path][method])
        for document in service_documents().values()
        for path in sorted(document["paths"], key=lambda path: (path.startswith("/api/admin/"), path))
        for method in _METHODS
        if path in merged()["paths"] and method in document["paths"][path] and path not in _LEFT_OUT
    ]


def variables() -> dict[str, str]:
    """Return every variable with its first value."""
    kept = {name: "" for call in calls() for name in call.keeps}
    asked = {name: "" for path in merged()["paths"] for name in _names_in(path)}
    return {**FIRST_VALUES, **kept, **asked, "reference": ""}


def _call(path: str, method: str, operation: dict[str, Any]) -> Call:
    parameters = operation.get("parameters", [])
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return Call(
        name=operation["operationId"],
        title=operation.get("summary") or first_sentence(operation["description"]),
        folder=operation["tags"][0].capitalize(),
        method=method.upper(),
        path=path.replace("{", "{{").replace("}", "}}"),
        signed_in=bool(operation.get("security")) and {} not in operation["security"],
        query=tuple((each["name"], *_value(each)) for each in parameters if each["in"] == "query"),
        takes_key=any(each["name"].lower() == "idempotency-key" for each in parameters),
        body=None if schema is None else _body(path, schema),
        uploads="multipart/form-data" in content,
        keeps=_KEPT.get(operation["operationId"], _kept(path, method)),
    )


def _value(parameter: dict[str, Any]) -> tuple[str, bool]:
    """Return what a parameter of the query begins with, and whether it has to be there."""
    if parameter.get("required"):
        return f"{{{{{parameter['name']}}}}}", True
    return str(parameter.get("example", "")), False


def _body(path: str, schema: dict[str, Any]) -> Any:
    """Return an example; a new account that an admin makes is not the one that is signed in."""
    example = _example(schema)
    return example if path.startswith("/api/admin/customers/") else _with_variables(example)


def _example(schema: dict[str, Any]) -> Any:
    """Return what a schema says of itself as an example, else one put together from its parts."""
    if "$ref" in schema:
        return _example(merged()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return _example(schema["anyOf"][0])
    told = [*schema.get("examples", []), *(schema[word] for word in ("example", "default") if word in schema)]
    if told:
        return told[0]
    if schema.get("type") == "array":
        return [_example(schema["items"])]
    if schema.get("type") != "object":
        return ""
    parts = {name: _example(field) for name, field in schema.get("properties", {}).items()}
    return {name: part for name, part in parts.items() if part != "" or name in schema.get("required", ())}


def _with_variables(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_variables(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"{{{{{_VARIABLES[name]}}}}}" if name in _VARIABLES else _with_variables(each)
        for name, each in value.items()
        if name != "expected_total"  # which nobody can know before
    }


def _kept(path: str, method: str) -> dict[str, tuple[str | int, ...]]:
    """Tell what the answer is good for: the id that the paths below this one ask for."""
    below = [other for other in merged()["paths"] if other.startswith(f"{path}{{")]
    if not below or method not in {"get", "post"}:
        return {}
    name = next(_names_in(below[0].removeprefix(path)))
    return {name: ("results", 0, "id") if method == "get" else ("id",)}


def _names_in(path: str) -> Iterator[str]:
    return (part[1:-1] for part in path.split("/") if part.startswith("{"))
