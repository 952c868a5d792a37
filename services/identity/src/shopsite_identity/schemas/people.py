"""Accounts: as they sign up, as their owners and as admins see and change them."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, ValidationInfo, field_validator

from shopsite_common.schemas import Flag, RequestBody, ResponseBody, Timestamp
from shopsite_identity.schemas.fields import Birth, Email, Name, NewPassword, Password, Phone, absent, same_password

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


class PreferencesIn(RequestBody):
    """Which mails a customer wants; one that is left out stays as it is."""

    order_emails: Flag = absent()
    marketing_emails: Flag = absent()


class PreferencesOut(ResponseBody):
    """Which mails a customer wants: without ``order_emails`` only the shipping notice stays out."""

    order_emails: bool
    marketing_emails: bool


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
        return same_password(repeated, info.data.get("password"))

    def person(self) -> dict[str, Any]:
        """Return what it says of the person, without the password."""
        return self.model_dump(exclude={"password", "confirm_password", "role", "is_active"}, exclude_unset=True)


class CustomerCreate(SignUp):
    """A new account that an admin makes."""

    model_config = ConfigDict(
        json_schema_extra={"example": _SIGNUP_EXAMPLE | _PASSWORDS_EXAMPLE | {"role": "staff", "is_active": True}}
    )

    confirm_password: Password = absent()
    role: Role = "customer"
    is_active: Flag = True
    preferences: PreferencesIn = absent()


class ProfileReplace(RequestBody):
    """What customers may change of themselves. What is left out of the optional ones stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": _PERSON_EXAMPLE | {"preferences": {"order_emails": False}}})

    first_name: Name
    last_name: Name
    phone_number: Phone | None = None
    date_of_birth: Birth | None = None
    preferences: PreferencesIn = absent()


class ProfileUpdate(ProfileReplace):
    """Any part of a profile."""

    model_config = ConfigDict(json_schema_extra={"example": {"preferences": {"order_emails": False}}})

    first_name: Name = absent()
    last_name: Name = absent()


class CustomerReplace(ProfileReplace):
    """What an admin may change of an account. What is left out of the optional ones stays as it is."""

    model_config = ConfigDict(json_schema_extra={"example": _SIGNUP_EXAMPLE | {"role": "staff", "is_active": True}})

    email: Email
    role: Role = absent()
    is_active: Flag = absent()


class CustomerUpdate(CustomerReplace):
    """Any part of an account."""

    model_config = ConfigDict(json_schema_extra={"example": {"is_active": False}})

    email: Email = absent()
    first_name: Name = absent()
    last_name: Name = absent()


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
