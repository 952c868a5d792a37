"""New passwords."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response

from shopsite_common.auth import CurrentUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import NotAuthenticated, PayloadTooLarge, TooManyRequests, UnsupportedMediaType
from shopsite_common.openapi import documented
from shopsite_identity.api.answers import refuse_weak
from shopsite_identity.deps import Address, Own
from shopsite_identity.deps.throttle import FORGOT, RESET
from shopsite_identity.errors import AccountGone, WrongPassword
from shopsite_identity.schemas.credentials import Accepted, PasswordChange, PasswordForgot, PasswordReset
from shopsite_identity.service import passwords

router = APIRouter(tags=["passwords"])

# with an account there is a row to write, without one there is none: nobody is to learn it from the time it takes
_FORGOT_SECONDS = 0.15


@router.post(
    "/api/password/change/",
    operation_id="change_password",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(NotAuthenticated, AccountGone, TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def change_password(body: PasswordChange, user: CurrentUser, resources: Own) -> Response:
    """Set a new password, knowing the current one. Every session of the account ends, this one too."""
    account = await resources.db.run(passwords.get_password, account_id=user.id)
    attempt = await resources.throttle.begin_change(account.email)
    if not (await resources.passwords.verify(body.current_password, account.password_hash)).ok:
        raise WrongPassword
    await resources.throttle.end_attempt(attempt)
    refuse_weak(body.new_password, account, field="new_password")
    new_hash = await resources.passwords.hash(body.new_password)
    await resources.db.run(
        passwords.change_password, account_id=user.id, epoch=account.session_epoch, new_hash=new_hash, now=utcnow()
    )
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post(
    "/api/password/forgot/",
    operation_id="request_password_reset",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def request_password_reset(body: PasswordForgot, resources: Own, address: Address) -> Accepted:
    """Have a link for a new password sent, if an account has that address. The answer is always the same."""
    await resources.throttle.admit(FORGOT, address)
    pause = asyncio.create_task(asyncio.sleep(_FORGOT_SECONDS))
    if await resources.throttle.may_mail_link(body.email):
        term = resources.settings.reset_link_term
        await resources.db.run(passwords.request_reset, email=body.email, term=term, now=utcnow())
    await pause
    return Accepted(message="If an account has this address, a link for a new password is on its way.")


@router.post(
    "/api/password/reset/",
    operation_id="reset_password",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def reset_password(body: PasswordReset, resources: Own, address: Address) -> Response:
    """Set a new password with the link of a mail, once. A password that is refused does not use the link up."""
    await resources.throttle.admit(RESET, address)
    account = await resources.db.run(passwords.get_reset_account, token=body.token, now=utcnow())
    refuse_weak(body.new_password, account, field="new_password")
    new_hash = await resources.passwords.hash(body.new_password)
    await resources.db.run(
        passwords.reset_password, token=body.token, epoch=account.session_epoch, new_hash=new_hash, now=utcnow()
    )
    return Response(status_code=HTTPStatus.NO_CONTENT)
