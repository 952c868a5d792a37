"""Bodies of identity's API."""

import re
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from shopsite_common.clock import utcnow
from shopsite_common.schemas import Flag, RequestBody, ResponseBody, Timestamp
from shopsite_identity.domain import (
    MAX_EMAIL,
    MAX_PASSWORD,
    MIN_PASSWORD,
    checked_birth,
    form_objections,
    normalized_email,
)

Role = Literal["customer", "staff", "admin"]
CustomerOrdering = Literal[
    "created_at",
    "-created_at",
    "email",
    "-email",
    "first_name",
    "-first_name",
    "last_name",
    "-last_name",
    "last_login",
    "-last_login",
]

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EMAIL_SCHEMA = {"type": "string", "format": "email", "maxLength": MAX_EMAIL, "examples": ["ada@example.com"]}
# no control characters: names stand in the headers of mails
_NAME = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
_PROFILE_EXAMPLE: dict[str, Any] = {
    "id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11",
    "email": "user@example.com",
    "first_name": "John",
    "last_name": "Doe",
    "phone_number": "+1234567890",
    "date_of_birth": "1990-01-01",
    "role": "customer",
    "preferences": {"order_emails": True, "marketing_emails": False},
    "created_at": "2026-11-24T08:30:00.204000Z",
    "updated_at": "2026-11-24T08:30:00.204000Z",
}
_PERSON_EXAMPLE: dict[str, Any] = {
    "first_name": "John",
    "last_name": "Doe",
    "phone_number": "+1234567890",
    "date_of_birth": "1990-01-01",
}
_SIGNUP_EXAMPLE = {"email": "user@example.com"} | _PERSON_EXAMPLE
_PASSWORDS_EXAMPLE = {"password": "securepassword123", "confirm_password": "securepassword123"}


def _written_as_a_date(value: Any) -> Any:
    if not isinstance(value, date) and not (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        raise ValueError("Enter a date as YYYY-MM-DD.")
    return value


def _possible_birth(born: date) -> date:
    return checked_birth(born, utcnow().date())


Email = Annotated[str, AfterValidator(normalized_email), WithJsonSchema(_EMAIL_SCHEMA, mode="validation")]
# an address to look for: whether it could be one makes no difference
AnyEmail = Annotated[str, StringConstraints(min_length=1, max_length=320), Field(examples=["ada@example.com"])]
Name = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=_NAME), Field(examples=["Ada"])]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"), Field(examples=["+2348012345678"])]
Birth = Annotated[
    date, BeforeValidator(_written_as_a_date), AfterValidator(_possible_birth), Field(examples=["1990-01-01"])
]


def _well_formed(password: str) -> str:
    if sentences := form_objections(password):
        raise ValueError(" ".join(sentences))
    return password


def _password_schema(min_length: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": min_length,
            "maxLength": MAX_PASSWORD,
            "examples": ["securepassword123"],
        }
    )


# every character counts, spaces at the ends too
_AnyText = StringConstraints(strip_whitespace=False, max_length=MAX_PASSWORD)
Password = Annotated[str, _AnyText, Field(min_length=1), _password_schema(1)]
NewPassword = Annotated[str, _AnyText, AfterValidator(_well_formed), _password_schema(MIN_PASSWORD)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=512)]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _absent() -> Any:
    """Return a field that may be left out, though null is no value for it."""
    return Field(default=None, json_schema_extra=_without_default)


class PreferencesIn(RequestBody):
    """Which mails a customer wants; one that is left out stays as it is."""

    order_emails: Flag = _absent()
    marketing_emails: Flag = _absent()


class PreferencesOut(ResponseBody):
    """Which mails a customer wants: without ``order_emails`` only the shipping notice stays out."""

    order_emails: bool
    marketing_emails: bool


def _same_password(repeated: str, password: str | None) -> str:
    if password is not None and repeated != password:
        raise ValueError("The two passwords do not match.")
    return repeated


class SignUp(RequestBody):
    """A new account."""

    model_config = ConfigDict(json_schema_extra={"example": _SIGNUP_EXAMPLE | _PASSWORDS_EXAMPLE})

    email: Email
    first_name: Name
    last_name: Name
    phone_number: Phone | None = None
    date_of_birth: Birth | None = None
    password: NewPassword
    confirm_password: Password

    @field_validator("confirm_password")
    @classmethod
    def _same(cls, repeated: str, info: ValidationInfo) -> str:
        return _same_password(repeated, info.data.get("password"))

    def person(self) -> dict[str, Any]:
        """Return what it says of the person, without the password."""
        return self.model_dump(exclude={"password", "confirm_password", "role", "is_active"}, exclude_unset=True)


class CustomerCreate(SignUp):
    """A new account that an admin makes."""

    model_config = ConfigDict(
        json_schema_extra={"example": _SIGNUP_EXAMPLE | _PASSWORDS_EXAMPLE | {"role": "staff", "is_active": True}}
    )

    confirm_password: Password = _absent()
    role: Role = "customer"
    is_active: Flag = True
    preferences: PreferencesIn = _absent()


class ProfileReplace(RequestBody):
    """What customers may change of themselves. What is left out of the optional ones stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": _PERSON_EXAMPLE | {"preferences": {"order_emails": False}}})

    first_name: Name
    last_name: Name
    phone_number: Phone | None = None
    date_of_birth: Birth | None = None
    preferences: PreferencesIn = _absent()


class ProfileUpdate(ProfileReplace):
    """Any part of a profile."""

    model_config = ConfigDict(json_schema_extra={"example": {"preferences": {"order_emails": False}}})

    first_name: Name = _absent()
    last_name: Name = _absent()


class CustomerReplace(ProfileReplace):
    """What an admin may change of an account. What is left out of the optional ones stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": _SIGNUP_EXAMPLE | {"role": "staff", "is_active": True}})

    email: Email
    role: Role = _absent()
    is_active: Flag = _absent()


class CustomerUpdate(CustomerReplace):
    """Any part of an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"is_active": False}})

    email: Email = _absent()
    first_name: Name = _absent()
    last_name: Name = _absent()


class ProfileOut(ResponseBody):
    """An account as its owner sees it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROFILE_EXAMPLE]})

    id: UUID
    email: str
    first_name: str
    last_name: str
    phone_number: str | None
    date_of_birth: date | None
    role: Role
    preferences: PreferencesOut
    created_at: Timestamp
    updated_at: Timestamp


class CustomerOut(ProfileOut):
    """An account as an admin sees it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_PROFILE_EXAMPLE | {"is_active": True, "last_login": None}]}
    )

    is_active: bool
    last_login: Timestamp | None


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
        return _same_password(repeated, info.data.get("new_password"))


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
        return _same_password(repeated, info.data.get("new_password"))


class Accepted(ResponseBody):
    """What was asked for is under way."""

    message: str


class SessionOut(ResponseBody):
    """Who is signed in, and what unsafe requests must bear as ``X-CSRF-Token``."""

    user: ProfileOut
    csrf_token: str


class AuditOut(ResponseBody):
    """One deed of staff or an admin."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11",
                    "at": "2026-11-24T08:30:00.204000Z",
                    "service": "orders",
                    "actor": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e12",
                    "actor_email": "admin@shopsite.example",
                    "action": "order.ship",
                    "object_type": "order",
                    "object": "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e13",
                    "changes": {"status": "SHIPPED"},
                }
            ]
        }
    )

    id: UUID
    at: Timestamp
    service: str = Field(description="Where it was done")
    actor: UUID = Field(validation_alias="actor_id", description="Who did it")
    actor_email: str | None = Field(description="Their address now; null once erased")
    action: str = Field(description="A verb and its object")
    object_type: str
    object: str = Field(validation_alias="object_id", description="The identifier of what it was done to")
    changes: dict[str, Any]


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
