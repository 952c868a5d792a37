"""Business errors. Each carries its status and a stable code; ``problems.py`` is the one place that renders them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self


class ShopError(Exception):
    """The base of every error that a client may see.

    Attributes:
        status: the HTTP status of the answer.
        code: a stable snake_case slug; clients branch on it, so it never changes.
        message: one sentence for people.
        details: an object with the particulars, for field errors ``{field: [sentence, …]}``.
        headers: headers that the answer needs, such as ``Retry-After``.
    """

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal_error"
    message: str = "Something went wrong on our side."

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or type(self).message
        self.details: dict[str, Any] = dict(details or {})
        self.headers: dict[str, str] = dict(headers or {})
        super().__init__(self.message)


class ValidationFailed(ShopError):
    """The request can be read but not accepted: ``details`` maps each field to its sentences."""

    status = HTTPStatus.BAD_REQUEST
    code = "validation_failed"
    message = "Validation failed"

    @classmethod
    def of(cls, **fields: str) -> Self:
        """Return the error with one sentence a field."""
        return cls(details={field: [sentence] for field, sentence in fields.items()})


class NotAuthenticated(ShopError):
    """No credential, or one that doesn't count."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"
    message = "Authentication credentials were not provided or are not valid."

    def __init__(self, message: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, details=details, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ShopError):
    """Known, but not allowed."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    message = "You do not have permission to do this."


class NotFound(ShopError):
    """There is no such thing, or it belongs to somebody else."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    message = "Not found."


class MethodNotAllowed(ShopError):
    """The path exists, the method doesn't."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    code = "method_not_allowed"
    message = "This method is not allowed here."


class Conflict(ShopError):
    """The current state forbids it."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    message = "The current state does not allow this."


class PreconditionFailed(ShopError):
    """``If-Match`` names a version that is no longer the current one."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "precondition_failed"
    message = "The object has changed since you read it."


class PayloadTooLarge(ShopError):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "payload_too_large"
    message = "The request body is too large."


class UnsupportedMediaType(ShopError):
    """The body's content type isn't one that this path reads."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    message = "The content type of the request is not supported."


class IdempotencyKeyReused(ShopError):
    """An ``Idempotency-Key`` came again with another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was used for another request."


class TooManyRequests(ShopError):
    """A limit is used up; ``retry_after`` says in how many seconds to come back."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    message = "Too many requests."

    def __init__(self, message: str | None = None, *, retry_after: int = 60) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Unavailable(ShopError):
    """Something that this answer needs is down or overloaded; trying again later is right."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "service_unavailable"
    message = "The service is not available right now. Please try again shortly."

    def __init__(
        self, message: str | None = None, *, details: Mapping[str, Any] | None = None, retry_after: int = 5
    ) -> None:
        super().__init__(message, details=details, headers={"Retry-After": str(retry_after)})
