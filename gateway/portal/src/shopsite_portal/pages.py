"""HTML pages: rendered from templates, each under a Content-Security-Policy that lets nothing in from elsewhere."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_BASE_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# Swagger UI and ReDoc put style elements into the page while they run, and ReDoc searches in a worker of its own.
_DOCUMENT_POLICY = {**_BASE_POLICY, "style-src": "'self' 'unsafe-inline'", "worker-src": "'self' blob:"}

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
)


def render_page(template: str, *, status: int = 200, for_documents: bool = False, **values: Any) -> HTMLResponse:
    """Return the answer with a page.

    Args:
        template: a file of ``templates``.
        status: the HTTP status.
        for_documents: allow what Swagger UI and ReDoc need beyond the strict policy.
        values: what the template shows.
    """
    policy = _DOCUMENT_POLICY if for_documents else _BASE_POLICY
    headers = {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}
    return HTMLResponse(_templates.get_template(template).render(status=status, **values), status, headers)


def pages_router(shop_name: str, *, reset_url: str = "") -> APIRouter:
    """Return the shop's own pages; ``reset_url`` is the shop front's page for a new password, if it has one."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/reset-password", methods=["GET", "HEAD"])
    @router.api_route("/reset-password/", methods=["GET", "HEAD"])
    async def reset_password(request: Request) -> Response:
        if reset_url:
            joint = "&" if "?" in reset_url else "?"
            onward = f"{reset_url}{joint}{request.url.query}" if request.url.query else reset_url
            return RedirectResponse(onward, HTTPStatus.FOUND, {"Cache-Control": "no-store"})
        # the token in the address is read by the page's script and never put into the page
        page = render_page("reset_password.html", shop_name=shop_name)
        page.headers["Cache-Control"] = "no-store"
        return page

    @router.api_route("/robots.txt", methods=["GET", "HEAD"])
    async def robots(_request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /api/\nDisallow: /admin/\n", media_type="text/plain")

    return router
