"""Signing up, and one's own profile."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from shopsite_common.auth import CurrentUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import NotAuthenticated, PayloadTooLarge, TooManyRequests, UnsupportedMediaType
from shopsite_common.openapi import documented
from shopsite_identity.api.answers import refuse_weak, renewed_profile
from shopsite_identity.deps import Address, Own
from shopsite_identity.deps.throttle import SIGN_UP
from shopsite_identity.errors import AccountGone
from shopsite_identity.schemas.people import ProfileOut, ProfileReplace, ProfileUpdate, SignUp
from shopsite_identity.service import accounts

router = APIRouter(tags=["account"])
_JSON = "application/json"


@router.post(
    "/api/signup/",
    operation_id="sign_up",
    status_code=HTTPStatus.CREATED,
    response_model=ProfileOut,
    responses=documented(TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def sign_up(body: SignUp, resources: Own, address: Address) -> Response:
    """Make an account. A welcome e-mail follows.

    The address must be new, in whatever case. A password has at least 8 characters, is not all digits, none of the
    common ones, and not like the name or the address.
    """
    await resources.throttle.admit(SIGN_UP, address)
    refuse_weak(body.password, body)
    password_hash = await resources.passwords.hash(body.password)
    account = await resources.db.run(
        accounts.register_customer, details=body.person(), password_hash=password_hash, now=utcnow()
    )
    return Response(await renewed_profile(resources, account), HTTPStatus.CREATED, media_type=_JSON)


@router.get(
    "/api/customer_profile/me/",
    operation_id="get_own_profile",
    response_model=ProfileOut,
    responses=documented(NotAuthenticated, AccountGone, TooManyRequests),
)
async def get_own_profile(user: CurrentUser, resources: Own) -> Response:
    """Return the caller's profile."""
    body = await resources.profiles.get(user.id)
    if body is None:
        account = await resources.db.run(accounts.get_profile, customer_id=user.id)
        body = await renewed_profile(resources, account)
    return Response(body, media_type=_JSON)


_CHANGE_ERRORS = documented(NotAuthenticated, AccountGone, TooManyRequests, UnsupportedMediaType, PayloadTooLarge)


@router.put(
    "/api/customer_profile/me/",
    operation_id="replace_own_profile",
    response_model=ProfileOut,
    responses=_CHANGE_ERRORS,
)
async def replace_own_profile(body: ProfileReplace, user: CurrentUser, resources: Own) -> Response:
    """Change the caller's profile; both names are required. E-mail, role and id cannot be changed here."""
    return await _change(body, user, resources)


@router.patch(
    "/api/customer_profile/me/",
    operation_id="update_own_profile",
    response_model=ProfileOut,
    responses=_CHANGE_ERRORS,
)
async def update_own_profile(body: ProfileUpdate, user: CurrentUser, resources: Own) -> Response:
    """Change any part of the caller's profile. E-mail, role and id cannot be changed here."""
    return await _change(body, user, resources)


async def _change(body: ProfileReplace, user: CurrentUser, resources: Own) -> Response:
    account = await resources.db.run(accounts.update_profile, customer_id=user.id, changes=body.given(), now=utcnow())
    return Response(await renewed_profile(resources, account), media_type=_JSON)
