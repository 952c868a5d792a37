"""What several endpoints do with an account once the use case has committed."""

from typing import Any

from shopsite_identity.deps import IdentityResources
from shopsite_identity.schemas import CustomerOut, ProfileOut


async def renewed_profile(resources: IdentityResources, account: Any) -> bytes:
    """Return a profile's bytes, and keep them for the next read."""
    body = ProfileOut.model_validate(account).model_dump_json().encode()
    await resources.profiles.put(account.id, account.version, body)
    return body


async def renewed_customer(resources: IdentityResources, account: Any) -> CustomerOut:
    """Return an account for an admin, and keep the profile for its owner's next read."""
    await renewed_profile(resources, account)
    return CustomerOut.model_validate(account)
