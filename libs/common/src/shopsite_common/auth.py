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

_SCHEME: dict[str, Any] = {
    "auto_error": False,
    "scheme_name": "accessToken",
    "bearerFormat": "JWT",
    "description": "An access token of POST /api/token/",
}
_bearer = HTTPBearer(**_SCHEME)
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class _Asking(HTTPBearer):
    """Finds out who is asking: one flat dependency, because a tree of three is a sixth of a small request.

    Args:
        admits: whether the endpoint is for them; nobody is None.
    """

    def __init__(self, admits: Callable[[Principal | None], bool]) -> None:
        super().__init__(**_SCHEME)
        self._admits = admits

    async def __call__(self, request: Request) -> Principal | None:  # type: ignore[override]  # the account, not its credential
        """Return who is asking, or None without a credential.

        Raises:
            NotAuthenticated: there is a credential, and it does not count; or there is none, and one is needed.
            Forbidden: the endpoint is for others.
        """
        principal: Principal | None = None
        if authorization := request.headers.get("authorization"):
            scheme, _, token = (part.strip() for part in authorization.partition(" "))
            if scheme.lower() != "bearer" or not token:
                raise NotAuthenticated
            principal = await request.app.state.resources.keys.verify(token)
        if not self._admits(principal):
            raise NotAuthenticated if principal is None else Forbidden
        return principal


optional_user = _Asking(lambda _: True)
current_user = _Asking(lambda user: user is not None)
staff_user = _Asking(lambda user: user is not None and user.is_staff)
admin_user = _Asking(lambda user: user is not None and user.is_admin)

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
