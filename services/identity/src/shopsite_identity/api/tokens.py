"""Signing in, staying signed in, signing out."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from shopsite_common.clock import utcnow
from shopsite_common.errors import PayloadTooLarge, TooManyRequests, UnsupportedMediaType
from shopsite_common.openapi import documented
from shopsite_identity.deps import Address, IdentityResources, Own
from shopsite_identity.deps.proof import prove_password
from shopsite_identity.deps.throttle import REFRESH
from shopsite_identity.errors import InvalidCredentials, InvalidRefreshToken
from shopsite_identity.schemas.credentials import Refresh, SignIn, TokenPair
from shopsite_identity.service import signing_in
from shopsite_identity.service.signing_in import Granted

router = APIRouter(tags=["tokens"])


@router.post(
    "/api/token/",
    operation_id="get_tokens",
    responses=documented(InvalidCredentials, TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def get_tokens(body: SignIn, resources: Own, address: Address) -> TokenPair:
    """Sign in. A wrong pair and an inactive account get the same answer."""
    proof = await prove_password(resources, email=body.email, password=body.password, address=address)
    term = resources.settings.refresh_term
    granted = await resources.db.run(signing_in.sign_in, proof=proof, term=term, now=utcnow())
    if granted is None:
        raise InvalidCredentials
    return await _pair(resources, granted)


@router.post(
    "/api/token/refresh/",
    operation_id="refresh_tokens",
    responses=documented(InvalidRefreshToken, TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def refresh_tokens(body: Refresh, resources: Own, address: Address) -> TokenPair:
    """Get the next pair. Each refresh token is good for one use; a second use ends all that followed from it."""
    await resources.throttle.admit(REFRESH, address)
    granted = await resources.db.run(signing_in.rotate_tokens, refresh=body.refresh, now=utcnow())
    if granted is None:
        raise InvalidRefreshToken
    return await _pair(resources, granted)


@router.post(
    "/api/token/revoke/",
    operation_id="revoke_tokens",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(TooManyRequests, UnsupportedMediaType, PayloadTooLarge),
)
async def revoke_tokens(body: Refresh, resources: Own) -> Response:
    """Sign out: the refresh token and all that follow from it end. One that is unknown has ended already."""
    await resources.db.run(signing_in.revoke_tokens, refresh=body.refresh, now=utcnow())
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _pair(resources: IdentityResources, granted: Granted) -> TokenPair:
    return TokenPair(access=await resources.issuer.access_token(granted.account), refresh=granted.refresh)
