"""The one place that turns errors into answers: problem documents with the seed's ``error`` and ``details``."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from shopsite_common.errors import (
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    ShopError,
    UnsupportedMediaType,
    ValidationFailed,
)
from shopsite_common.logs import get_logger

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_BY_STATUS: dict[int, type[ShopError]] = {
    error.status: error
    for error in (NotFound, MethodNotAllowed, PayloadTooLarge, UnsupportedMediaType, ValidationFailed)
}
_DECIMAL = re.compile(r"Decimal\('([^']*)'\)")  # as pydantic writes the bounds of an amount
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known or cannot be set.",
    "json_invalid": "The request body is not valid JSON.",
    "model_attributes_type": "A JSON object is required.",
    "dict_type": "A JSON object is required.",
    "uuid_type": "A valid UUID is required.",
    "uuid_parsing": "A valid UUID is required.",
}


def problem_body(status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of an error answer."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "error": message,
        "details": dict(details or {}),
    }


def render(error: ShopError) -> Response:
    """Return the answer for a business error."""
    body = problem_body(error.status, error.code, error.message, error.details)
    return Response(orjson.dumps(body, default=str), error.status, error.headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make the application answer every error in the one format."""

    async def on_shop_error(_request: Request, error: Exception) -> Response:
        return render(error) if isinstance(error, ShopError) else render(ShopError())

    async def on_http_exception(request: Request, error: Exception) -> Response:
        found = _from_http(error) if isinstance(error, HTTPException) else ShopError()
        if isinstance(found, MethodNotAllowed):
            found.headers["Allow"] = _allowed_methods(app, request.url.path)
        return render(found)

    async def on_invalid(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else []
        return render(from_validation(errors, content_type=request.headers.get("content-type", "")))

    async def on_crash(request: Request, error: Exception) -> Response:
        route = getattr(request.scope.get("route"), "path", "unmatched")
        log.error("request_failed", route=route, method=request.method, exc_info=error)
        return render(ShopError())

    app.add_exception_handler(ShopError, on_shop_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_crash)


def _allowed_methods(app: FastAPI, path: str) -> str:
    # the router names only the methods of the first route with this path; a client needs those of all
    matching = [
        route for route in iter_route_contexts(app.routes) if route.path and compile_path(route.path)[0].match(path)
    ]
    # of a path that stands there word for word, what looks like it with a parameter says nothing
    routes = [route for route in matching if route.path == path] or matching
    found = {method for route in routes for method in route.methods or ()}
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))


def from_validation(errors: Sequence[Mapping[str, Any]], *, content_type: str = "application/json") -> ShopError:
    """Return the business error for pydantic's list: 404 for a path that names nothing, 415, else 400 by field."""
    if any(error["loc"][:1] == ("path",) for error in errors):
        return NotFound()
    whole_body = any(tuple(error["loc"]) == ("body",) for error in errors)
    if whole_body and content_type and not _is_readable(content_type):
        return UnsupportedMediaType()
    details: dict[str, list[str]] = {}
    for error in errors:
        details.setdefault(_field(error), []).append(_sentence(error))
    return ValidationFailed(details=details)


def _is_readable(content_type: str) -> bool:
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json") or kind == "multipart/form-data"


def _field(error: Mapping[str, Any]) -> str:
    location = [str(part) for part in error["loc"][1:]]
    return ".".join(location) if location and error["type"] != "json_invalid" else "non_field_errors"


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing" and len(error["loc"]) == 1:
        return "A JSON body is required."
    text = _SENTENCES.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    text = _DECIMAL.sub(r"\1", text)
    return text if text.endswith(".") else f"{text}."


def _from_http(error: HTTPException) -> ShopError:
    found = _BY_STATUS.get(error.status_code)
    if found is None:
        return _AnyStatus(error.status_code, str(error.detail), dict(error.headers or {}))
    return found()


class _AnyStatus(ShopError):
    """A status that the framework chose itself."""

    code = "request_refused"

    def __init__(self, status: int, message: str, headers: dict[str, str]) -> None:
        super().__init__(message, headers=headers)
        self.status = status  # type: ignore[misc]  # here it belongs to the instance
