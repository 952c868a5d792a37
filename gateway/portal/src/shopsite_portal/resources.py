"""What endpoints that need a signed-in caller find in the application's state."""

from shopsite_common.tokens import KeySet, http_source
from shopsite_portal.settings import Settings


class Resources:
    """The settings, and identity's keys, which verify access tokens."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        jwks_url = f"{settings.url_of('identity')}/.well-known/jwks.json"
        self.keys = KeySet(http_source(jwks_url), cache_file=settings.state_file("key-set.json"))
