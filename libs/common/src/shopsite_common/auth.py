"""Who is asking: dependencies for endpoints.

Each service verifies the token itself; a header inside the network opens nothing.

``user: CurrentUser`` any signed-in account, ``StaffUser`` staff or admin, ``AdminUser`` admin, ``OptionalUser`` perhaps
nobody; ``Depends(called_by("orders"))`` guards an ``/internal/`` route.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shopsite_common.errors import Forbidden, NotAuthenticated
from shopsite_common.service_tokens import InvalidServiceToken
from shopsite_common.tokens import Principal

_bearer = HTTPBearer(
    auto_error=False, scheme_name="accessToken", bearerFormat="JWT", description="An access token of POST /api/token/"
)
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def optional_user(request: Request, credentials: _Bearer) -> Principal | None:
    """Return who is asking, or None without a credential.

    Raises:
        NotAuthenticated: there is a credential, and it does not count.
    """
    if credentials is None:
        if request.headers.get("authorization"):
            raise NotAuthenticated
        return None
    principal: Principal = await request.app.state.resources.keys.verify(credentials.credentials)
    return principal


async def current_user(user: Annotated[Principal | None, Depends(optional_user)]) -> Principal:
    """Return who is asking.

    Raises:
        NotAuthenticated: nobody, or a credential that does not count.
    """
    if user is None:
        raise NotAuthenticated
    return user


async def staff_user(user: Annotated[Principal, Depends(current_user)]) -> Principal:
    """Return the member of staff or admin who is asking.

    Raises:
        Forbidden: somebody else is.
    """
    if not user.is_staff:
        raise Forbidden
    return user


async def admin_user(user: Annotated[Principal, Depends(current_user)]) -> Principal:
    """Return the admin who is asking.

    Raises:
        Forbidden: somebody else is.
    """
    if not user.is_admin:
        raise Forbidden
    return user


OptionalUser = Annotated[Principal | None, Depends(optional_user)]
CurrentUser = Annotated[Principal, Depends(current_user)]
StaffUser = Annotated[Principal, Depends(staff_user)]
AdminUser = Annotated[Principal, Depends(admin_user)]


def called_by(*services: str) -> Callable[..., Awaitable[str]]:
    """Return a dependency that lets only these services in and gives the caller's name."""
    allowed = frozenset(services)

    async def caller(request: Request, credentials: _Bearer) -> str:
        if credentials is None:
            raise InvalidServiceToken
        verifier: Any = request.app.state.resources.callers
        name: str = verifier.verify(credentials.credentials, allowed=allowed)
        return name

    return caller
