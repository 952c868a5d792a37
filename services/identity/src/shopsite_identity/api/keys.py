"""The key set that access tokens are verified with."""

from fastapi import APIRouter, Response

from shopsite_common.openapi import documented
from shopsite_identity.deps import Own
from shopsite_identity.errors import SigningKeyUnreadable
from shopsite_identity.schemas.credentials import KeySetOut

router = APIRouter(tags=["keys"])


@router.get("/.well-known/jwks.json", operation_id="get_key_set", responses=documented(SigningKeyUnreadable))
async def get_key_set(response: Response, resources: Own) -> KeySetOut:
    """Return the public keys of access tokens: of those being signed, and those signed lately or soon."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return KeySetOut(keys=await resources.issuer.public_keys())
