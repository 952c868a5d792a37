"""Signing in and out; identity throttles who guesses."""

from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from shopsite_portal.admin.api import SESSION_COOKIE, SESSION_PATH, Api, ApiRefused
from shopsite_portal.admin.rendering import render
from shopsite_portal.admin.visit import SignedIn, sentence_of

PATH = "/admin/sign-in/"
router = APIRouter()


@router.get(PATH)
async def show_sign_in(request: Request) -> Response:
    """Show the form."""
    ended = "Your session has ended. Please sign in again." if "ended" in request.query_params else ""
    return _form(request, onward=request.query_params.get("next", ""), email="", fault=ended)


@router.post(PATH)
async def sign_in(request: Request) -> Response:
    """Open a session, and go where the visitor wanted to go."""
    form = await request.form()
    email, onward = str(form.get("email", "")).strip(), str(form.get("next", ""))
    try:
        cookies = await Api(request.app.state.dashboard.backends, request).open_session(
            email, str(form.get("password", ""))
        )
    except ApiRefused as refusal:
        return _form(request, onward=onward, email=email, fault=sentence_of(refusal), status=refusal.status)
    answer = RedirectResponse(_within(onward), HTTPStatus.SEE_OTHER)
    for cookie in cookies:
        answer.headers.append("Set-Cookie", cookie)
    return answer


@router.post("/admin/sign-out/")
async def sign_out(visit: SignedIn) -> Response:
    """End the session."""
    await visit.api.call("DELETE", SESSION_PATH)
    answer = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer


def way_to_sign_in(request: Request) -> Response:
    """Return the way to the form, from which the visitor comes back here; what a form held is lost."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onward = f"?next={quote(wanted)}" if request.method == "GET" and wanted != "/admin/" else "?"
    ended = "&ended=1" if SESSION_COOKIE in request.cookies else ""
    return RedirectResponse(f"{PATH}{onward}{ended}".rstrip("?"), HTTPStatus.SEE_OTHER)


def _form(request: Request, *, onward: str, email: str, fault: str, status: int = HTTPStatus.OK) -> Response:
    name = request.app.state.dashboard.shop_name
    return render("sign_in.html", status=status, shop_name=name, onward=onward, email=email, fault=fault)


def _within(onward: str) -> str:
    """Return an address of the dashboard, never another site's."""
    return onward if onward.startswith("/admin/") and "\\" not in onward else "/admin/"
