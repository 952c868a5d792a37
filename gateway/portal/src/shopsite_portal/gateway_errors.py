"""The words of the gateway's own errors: Traefik fetches them from here instead of sending its plain text."""

from typing import ClassVar

from fastapi import APIRouter, Request, Response

from shopsite_common.errors import MethodNotAllowed, NotFound, PayloadTooLarge, ShopError, Unavailable
from shopsite_common.problems import render
from shopsite_portal.pages import render_page

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_RETRY_AFTER = "5"


class InvalidHost(ShopError):
    """The request names a host that is not in ``ALLOWED_HOSTS``."""

    status: ClassVar[int] = 400
    code = "invalid_host"
    message = "This host is not served here."


class BadGateway(ShopError):
    """The service behind does not run."""

    status: ClassVar[int] = 502
    code = "bad_gateway"
    message = "The service behind this address does not answer. Please try again shortly."


class GatewayTimeout(ShopError):
    """The service behind took too long."""

    status: ClassVar[int] = 504
    code = "gateway_timeout"
    message = "The service behind this address took too long. Please try again shortly."


_WAITING = {"Retry-After": _RETRY_AFTER}


def error_for(status: int) -> ShopError:
    """Return the gateway's error of a status; for one that it never sends, the general one."""
    known: dict[int, ShopError] = {
        400: InvalidHost(),
        404: NotFound("There is nothing at this address."),
        405: MethodNotAllowed(headers={"Allow": ", ".join(_METHODS)}),
        413: PayloadTooLarge("The request body is too large: 1 MiB of JSON, 6 MiB for an upload."),
        502: BadGateway(headers=_WAITING),
        503: Unavailable(),
        504: GatewayTimeout(headers=_WAITING),
    }
    return known.get(status) or ShopError()


def prefers_html(accept: str) -> bool:
    """Tell whether a client would rather read HTML than JSON (RFC 9110, 12.5.1); in doubt JSON."""
    best = {"html": 0.0, "json": 0.0}
    for entry in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        weight = _weight(parameters)
        for wanted, names in (
            ("html", ("text/html", "application/xhtml+xml")),
            ("json", ("application/json", "application/problem+json", "application/*", "*/*")),
        ):
            if kind in names:
                best[wanted] = max(best[wanted], weight)
    return best["html"] > best["json"]


def _weight(parameters: list[str]) -> float:
    value = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return float(value)
    except ValueError:
        return 0.0


def errors_router(shop_name: str) -> APIRouter:
    """Return the route ``/_error/{status}``; the gateway lets nobody else reach it."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/_error/{status}", methods=_METHODS)
    async def gateway_error(status: int, request: Request) -> Response:
        error = error_for(status)
        if not prefers_html(request.headers.get("accept", "")):
            return render(error)
        page = render_page("error.html", status=int(error.status), shop_name=shop_name, message=error.message)
        page.headers.update(error.headers)
        return page

    return router
