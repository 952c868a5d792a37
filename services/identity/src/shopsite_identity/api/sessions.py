"""Admin sessions: the dashboard's way to sign in."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from shopsite_common.auth import StaffUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    PayloadTooLarge,
    TooManyRequests,
    UnsupportedMediaType,
)
from shopsite_common.openapi import documented
from shopsite_identity.deps import Address, Own
from shopsite_identity.deps.proof import prove_password
from shopsite_identity.errors import InvalidCredentials, InvalidSession, NoSession, StaffOnly
from shopsite_identity.schemas.credentials import SessionOut, SignIn
from shopsite_identity.schemas.people import ProfileOut
from shopsite_identity.service import sessions

router = APIRouter(tags=["admin session"])

COOKIE = "shopsite_session"
SessionCookie = Annotated[str, Cookie(alias=COOKIE, max_length=512, include_in_schema=False)]


@router.post(
    "/api/admin/session/",
    operation_id="open_admin_session",
    responses=documented(InvalidCredentials, StaffOnly, TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def open_admin_session(
    body: SignIn, request: Request, response: Response, resources: Own, address: Address
) -> SessionOut:
    """Sign staff or an admin in: sets the session's cookie.

    Unsafe requests with the cookie must bear `csrf_token` as `X-CSRF-Token`.
    """
    proof = await prove_password(resources, email=body.email, password=body.password, address=address)
    term = resources.settings.session_term
    granted = await resources.db.run(sessions.open_session, proof=proof, term=term, now=utcnow())
    if granted is None:
        raise InvalidCredentials
    response.set_cookie(COOKIE, granted.refresh, httponly=True, samesite="strict", secure=_is_https(request))
    return SessionOut(
        user=ProfileOut.model_validate(granted.account), csrf_token=resources.keyring.csrf_token(granted.refresh)
    )


@router.get(
    "/api/admin/session/",
    operation_id="get_admin_session",
    responses=documented(NotAuthenticated, Forbidden, NoSession, TooManyRequests),
)
async def get_admin_session(user: StaffUser, resources: Own, cookie: SessionCookie = "") -> SessionOut:
    """Return who is signed in by the session's cookie."""
    idle = resources.settings.session_idle_term
    try:
        account = await resources.db.run(sessions.get_session_holder, cookie=cookie, idle=idle, now=utcnow())
    except InvalidSession as error:
        raise NoSession from error
    if account.id != user.id:
        raise NoSession  # the request bears somebody's token and somebody else's cookie
    return SessionOut(user=ProfileOut.model_validate(account), csrf_token=resources.keyring.csrf_token(cookie))


@router.delete(
    "/api/admin/session/",
    operation_id="close_admin_session",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(NotAuthenticated, Forbidden, TooManyRequests),
)
async def close_admin_session(
    user: StaffUser, request: Request, resources: Own, cookie: SessionCookie = ""
) -> Response:
    """Sign out of the session."""
    await resources.db.run(sessions.close_session, cookie=cookie, account_id=user.id)
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=_is_https(request))
    return response


def _is_https(request: Request) -> bool:
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
