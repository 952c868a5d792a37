"""What several endpoints do before and after the use case."""

from typing import Any

from shopsite_identity.clients.passwords import common_passwords
from shopsite_identity.deps import IdentityResources
from shopsite_identity.domain import Person, objections
from shopsite_identity.errors import WeakPassword
from shopsite_identity.schemas.people import CustomerOut, ProfileOut


async def renewed_profile(resources: IdentityResources, account: Any) -> bytes:
    """Return a profile's bytes, and keep them for the next read."""
    body = ProfileOut.model_validate(account).model_dump_json().encode()
    await resources.profiles.put(account.id, account.version, body)
    return body


async def renewed_customer(resources: IdentityResources, account: Any) -> CustomerOut:
    """Return an account for an admin, and keep the profile for its owner's next read."""
    await renewed_profile(resources, account)
    return CustomerOut.model_validate(account)


def refuse_weak(password: str, person: Any, *, field: str = "password") -> None:
    """Refuse a password that breaks the rules.

    Args:
        person: has ``email``, ``first_name`` and ``last_name``.

    Raises:
        WeakPassword: it does.
    """
    known = Person(person.email, person.first_name, person.last_name)
    if sentences := objections(password, known, common_passwords()):
        raise WeakPassword(field, sentences)
