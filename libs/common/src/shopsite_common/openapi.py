"""The OpenAPI document of a service: errors as they really are, 400 in place of the framework's 422."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shopsite_common.errors import ShopError
from shopsite_common.problems import MEDIA_TYPE, problem_body
from shopsite_common.schemas import Problem

_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
}
_DATA = {"default", "example", "examples"}
_ERROR_SCHEMA = {"$ref": "#/components/schemas/Problem"}


def documented(*errors: type[ShopError]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses=`` of an operation that may raise these errors, each with an example."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = responses.setdefault(
            int(error.status), {"description": "", "content": {MEDIA_TYPE: {"schema": _ERROR_SCHEMA, "examples": {}}}}
        )
        sentence = str(error.message)
        entry["description"] = f"{entry['description']} {sentence}".strip()
        entry["content"][MEDIA_TYPE]["examples"][error.code] = {
            "value": problem_body(error.status, error.code, sentence)
        }
    return responses


def install(app: FastAPI) -> None:
    """Make ``app.openapi()`` return the corrected document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=app.description)
            app.openapi_schema = _corrected(document)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = Problem.model_json_schema(mode="serialization")
    document = _in_words_of_json_schema(document)
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            _correct_operation(operation)
    return document


def _in_words_of_json_schema(node: Any) -> Any:
    """Rename bounds that pydantic put in its own words, as it does for a ``Field(ge=…)`` on a type with a validator."""
    if isinstance(node, list):
        return [_in_words_of_json_schema(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        _BOUNDS.get(key, key) if isinstance(value, int | float) else key: (
            value if key in _DATA else _in_words_of_json_schema(value)
        )
        for key, value in node.items()
    }


def _correct_operation(operation: dict[str, Any]) -> None:
    responses = operation.get("responses", {})
    invalid = responses.get("422")
    if invalid is not None and MEDIA_TYPE not in invalid.get("content", {}):
        del responses["422"]
        responses.setdefault("400", _response("Validation failed."))
    if "requestBody" in operation:
        responses.setdefault("413", _response("The request body is too large."))
        responses.setdefault("415", _response("The content type of the request is not supported."))
    responses.setdefault("503", _response("Something that this answer needs is down; try again after `Retry-After`."))


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _ERROR_SCHEMA}}}
