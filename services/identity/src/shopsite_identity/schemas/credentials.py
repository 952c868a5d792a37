"""What accounts sign in and stay signed in with."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from shopsite_common.schemas import RequestBody, ResponseBody, Timestamp
from shopsite_identity.schemas.fields import AnyEmail, NewPassword, Password, Token, same_password
from shopsite_identity.schemas.people import ProfileOut


class SignIn(RequestBody):
    """An address, in whatever case, and the password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "user@example.com", "password": "securepassword123"}}
    )

    email: AnyEmail
    password: Password


class Refresh(RequestBody):
    """A refresh token."""

    refresh: Token


class TokenPair(ResponseBody):
    """An access token for 15 minutes, and the refresh token that gets the next one."""

    access: str = Field(description="Send it as `Authorization: Bearer …`")
    refresh: str = Field(description="Good for one use, within 7 days of signing in")


class PasswordChange(RequestBody):
    """The current password and the new one."""

    current_password: Password
    new_password: NewPassword
    confirm_password: Password

    @field_validator("confirm_password")
    @classmethod
    def _same(cls, repeated: str, info: ValidationInfo) -> str:
        return same_password(repeated, info.data.get("new_password"))


class PasswordForgot(RequestBody):
    """The address of an account whose password is forgotten."""

    email: AnyEmail


class PasswordReset(RequestBody):
    """The token at the end of the mail's link, and the new password."""

    token: Token
    new_password: NewPassword
    confirm_password: Password

    @field_validator("confirm_password")
    @classmethod
    def _same(cls, repeated: str, info: ValidationInfo) -> str:
        return same_password(repeated, info.data.get("new_password"))


class Accepted(ResponseBody):
    """What was asked for is under way."""

    message: str


class SessionOut(ResponseBody):
    """Who is signed in, and what unsafe requests must bear as ``X-CSRF-Token``."""

    user: ProfileOut
    csrf_token: str


class KeySetOut(ResponseBody):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class RevocationsOut(ResponseBody):
    """The lowest ``ver`` that still counts, by account."""

    revocations: dict[UUID, int]


class SessionExchange(RequestBody):
    """A session cookie's value."""

    session: Token


class ExchangedSession(ResponseBody):
    """A short access token for a session."""

    access: str
    csrf_token: str
    expires_in: int


class ResetLinkOut(ResponseBody):
    """Where a mail goes and what its link holds."""

    email: str
    first_name: str
    link_path: str
    expires_at: Timestamp
